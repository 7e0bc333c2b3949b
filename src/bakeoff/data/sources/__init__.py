"""Where examples come from; each source yields a Hugging Face ``DatasetDict``."""

from bakeoff.data.sources.aligned_files import ParallelTexts as ParallelTexts
from bakeoff.data.sources.digits import Digits as Digits
from bakeoff.data.sources.fashion_mnist import FashionMNIST as FashionMNIST
from bakeoff.data.sources.hub import HuggingFace as HuggingFace
from bakeoff.data.sources.image_folder import ImageFolder as ImageFolder
from bakeoff.data.sources.mnist1d import MNIST1D as MNIST1D
from bakeoff.data.sources.number_words import NumberWords as NumberWords
from bakeoff.data.sources.source import Source as Source
from bakeoff.data.sources.stdlib import StandardLibrary as StandardLibrary
from bakeoff.data.sources.tables import Tables as Tables
from bakeoff.data.sources.text_files import TextFiles as TextFiles
from bakeoff.data.sources.tweets import Tweets as Tweets
