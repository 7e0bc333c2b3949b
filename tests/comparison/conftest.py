from tests.comparison.finished_bakeoffs import digits_module, finished, sabotage

__all__ = ["digits_module", "finished", "sabotage"]
