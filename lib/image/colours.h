/*
 * A diverging colour map for numbers on both sides of zero: white at zero, red above, blue below.
 * It consists of two straight lines in CIELAB (D65) from (97, 0, 0) to lightness 38 and chroma 56
 * at hues 35 and 285 degrees. Equal steps of the number are equal steps of colour (CIE 1976
 * difference). Both ends are equally dark, so the map can be read in grey print and by most
 * colour-blind readers. All its colours lie in sRGB.
 */
#ifndef IMAGE_COLOURS_H
#define IMAGE_COLOURS_H

/* value in -1..1 (others are clipped, NaN is 0) to sRGB in 0..255. */
void colours_diverging(double value, double rgb[3]);

#endif
