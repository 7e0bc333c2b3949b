"""Many training runs from one command: grids and Optuna studies, through whichever launcher Hydra has."""
