"""What data are called in what people read."""

import pytest

from bakeoff.config.titles import data_title


@pytest.mark.parametrize(
    ("section", "title"),
    [
        ({"name": "csv", "file": "in/reviews.csv"}, "reviews.csv"),
        ({"name": "image_folder", "path": "photos/pets/"}, "pets"),
        ({"name": "hf", "path": "uoft-cs/cifar10"}, "cifar10"),
        ({"name": "digits"}, "digits"),
        ({"name": "fashion_mnist", "path": None}, "fashion_mnist"),
        ({"name": "reviews", "file": "in/of-2024.csv"}, "reviews"),  # a YAML of the user's, which names them itself
    ],
)
def test_data_are_called_by_the_file_that_was_given(section, title):
    assert data_title(section) == title
