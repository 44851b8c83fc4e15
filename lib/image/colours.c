/* The diverging colour map: see colours.h. */
#include <math.h>
#include "image/colours.h"

#define WHITE_LIGHTNESS 97.0
#define END_LIGHTNESS 38.0
#define END_CHROMA 56.0
#define RED_HUE (35.0 / 180 * M_PI)
#define BLUE_HUE (285.0 / 180 * M_PI)

/* CIE 15: the inverse of the cube root with its linear foot */
static double cube(double t)
{
	const double foot = 6.0 / 29;
	return t > foot ? t * t * t : 3 * foot * foot * (t - 4.0 / 29);
}

/* IEC 61966-2-1: linear light to the stored value */
static double companded(double linear)
{
	double x = fmin(fmax(linear, 0), 1);
	return 255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * pow(x, 1 / 2.4) - 0.055);
}

void colours_diverging(double value, double rgb[3])
{
	double t = value > 0 ? fmin(value, 1) : value < 0 ? fmin(-value, 1) : 0;
	double hue = value > 0 ? RED_HUE : BLUE_HUE;
	double lightness = WHITE_LIGHTNESS + t * (END_LIGHTNESS - WHITE_LIGHTNESS);
	double y = (lightness + 16) / 116;
	double x = y + t * END_CHROMA * cos(hue) / 500, z = y - t * END_CHROMA * sin(hue) / 200;
	/* the white of D65, then XYZ to linear sRGB */
	double X = 0.95047 * cube(x), Y = cube(y), Z = 1.08883 * cube(z);
	rgb[0] = companded(3.2404542 * X - 1.5371385 * Y - 0.4985314 * Z);
	rgb[1] = companded(-0.9692660 * X + 1.8760108 * Y + 0.0415560 * Z);
	rgb[2] = companded(0.0556434 * X - 0.2040259 * Y + 1.0572252 * Z);
}
