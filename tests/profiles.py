"""Receptive fields: x right, y up, px from the array's centre; angles counter-clockwise, in degrees."""
import numpy as np


def grid(k):
    """x and y of the pixels of a profile (k, k), or of one of the shape k."""
    h, w = np.broadcast_to(k, 2)
    return np.meshgrid(np.arange(w) - (w - 1) / 2, (h - 1) / 2 - np.arange(h))


def gabor(k, theta, phase, f, across, along, x0=0, y0=0, a=1, c=0):
    """Stripes along theta, envelope's standard deviations across and along them, f in cycles per px."""
    x, y = grid(k)
    t = np.radians(theta)
    u, v = -(x - x0) * np.sin(t) + (y - y0) * np.cos(t), (x - x0) * np.cos(t) + (y - y0) * np.sin(t)
    return a * np.exp(-u**2 / 2 / across**2 - v**2 / 2 / along**2) * np.cos(2 * np.pi * f * u + np.radians(phase)) + c


def gauss(k, sigma, x0=0, y0=0, theta=0, ratio=1):
    """Its standard deviation along theta is ratio sigma."""
    return gabor(k, theta, 0, 0, sigma, ratio * sigma, x0, y0)


def log(k, a, sigma, x0=0, y0=0, c=0):
    """Laplacian of Gaussian with value a + c at its centre."""
    x, y = grid(k)
    s = ((x - x0)**2 + (y - y0)**2) / 2 / sigma**2
    return a * (1 - s) * np.exp(-s) + c


def noisy(rng, g, level=.1):
    """White noise makes up `level` of the power."""
    return g / g.std() * np.sqrt(1 - level) + np.sqrt(level) * rng.normal(size=g.shape)
