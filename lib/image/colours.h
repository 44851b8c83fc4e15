/*
 * A diverging colour map for numbers on both sides of zero: white at zero, red above, blue below. Two straight lines
 * in CIELAB (D65) from (97, 0, 0) to lightness 38 and chroma 56 at hues 35 and 285 degrees: equal steps of the number
 * are equal steps of colour (CIE 1976 difference), both ends are equally dark, so the map stays honest in grey print
 * and for most colour-blind readers. Every colour of it lies in sRGB.
 */
#ifndef IMAGE_COLOURS_H
#define IMAGE_COLOURS_H

/* value in -1..1 (others are clipped, NaN is 0) to sRGB in 0..255. */
void colours_diverging(double value, double rgb[3]);

#endif
