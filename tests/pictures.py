"""Pictures for the tests, written from the formats' descriptions: png(array) and jpeg_cmyk(c, m, y, k), exif(jpeg, orientation)."""
import struct
import zlib


def png(a, kind, palette=None):
    """a (h, w) or (h, w, c) of u1 or u2; kind: PNG's colour type (0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha)."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + row.astype(a.dtype.newbyteorder(">")).tobytes() for row in a)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", a.shape[1], a.shape[0], 8 * a.itemsize, kind, 0, 0, 0))
            + (chunk(b"PLTE", bytes(palette)) if palette is not None else b"") + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def jpeg_cmyk(*levels):
    """8 x 8 pixels of one colour in Adobe's CMYK, whose samples are stored inverted: four components of a DC coefficient each."""
    def segment(mark, data):
        return bytes([0xff, mark]) + struct.pack(">H", len(data) + 2) + data

    bits = ""
    for v in levels:
        dc = 8 * (v - 128)
        n = abs(dc).bit_length()
        bits += f"{n:04b}" + (f"{dc if dc > 0 else dc + 2**n - 1:0{n}b}" if n else "") + "0"  # category n, its bits, end of block
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    return (b"\xff\xd8" + segment(0xee, b"Adobe\0\x64\0\0\0\0\0") + segment(0xdb, b"\0" + b"\1" * 64)
            + segment(0xc0, struct.pack(">BHHB", 8, 8, 8, 4) + b"".join(bytes([i, 0x11, 0]) for i in range(1, 5)))
            + segment(0xc4, bytes([0, 0, 0, 0, 12] + [0] * 12) + bytes(range(12))) + segment(0xc4, bytes([16, 1] + [0] * 15) + b"\0")
            + segment(0xda, bytes([4] + [x for i in range(1, 5) for x in (i, 0)] + [0, 63, 0])) + scan + b"\xff\xd9")


def exif(jpeg, orientation, order=">"):
    """The same file with EXIF's orientation, in either byte order."""
    tiff = (b"MM" if order == ">" else b"II") + struct.pack(order + "HIHHHIHHI", 42, 8, 1, 0x112, 3, 1, orientation, 0, 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff + jpeg[2:]
