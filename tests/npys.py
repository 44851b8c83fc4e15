"""python/v1pipe.py for the tests and for the scripts beside them, wherever they are run from."""
import os
import sys
import numpy as np  # noqa: F401

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))
from v1pipe import *  # noqa: E402,F401,F403
from v1pipe import _Only  # noqa: E402,F401
