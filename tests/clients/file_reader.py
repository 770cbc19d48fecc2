"""Opens files as their readers do, and says what is in each: PDFs with pypdf, office files and images with what Python has."""

import struct
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
import zlib

from pypdf import PdfReader


def pdf(path):
    reader = PdfReader(path, strict=True)
    text = reader.pages[0].extract_text()
    assert text.strip(), "the first page has no text"
    return f"{len(reader.pages)} pages"


def office(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None, "a part is damaged"
        names = [name for name in archive.namelist() if name.endswith((".xml", ".rels"))]
        for name in names:
            ElementTree.fromstring(archive.read(name))
        assert "[Content_Types].xml" in names
        return f"{len(names)} parts"


def png(path):
    data = open(path, "rb").read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, pixels = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        assert crc == zlib.crc32(kind + body), "a chunk is damaged"
        if kind == b"IHDR":
            width, height = struct.unpack(">II", body[:8])
        if kind == b"IDAT":
            pixels += body
        at += 12 + length
    assert kind == b"IEND" and zlib.decompress(pixels)
    return f"{width} x {height}"


def jpeg(path):
    data = open(path, "rb").read()
    assert data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9", "no beginning or no end"
    return f"{len(data)} bytes"


READERS = {"pdf": pdf, "docx": office, "xlsx": office, "png": png, "jpeg": jpeg}

for file in sys.argv[1:]:
    print(f"{file}: {READERS[file.rsplit('/', 1)[1]](file)}")
