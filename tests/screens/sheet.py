"""Contact sheets: the pictures of a tour in rows of four, each over its name."""

from pathlib import Path

from onecard.build.glyphs import to_rows
from PIL import Image
from terminal.ui import glyphs

COLUMNS, GAP, CAPTION = 4, 8, 20
BACK, FRAME, TEXT = (245, 245, 245), (160, 160, 160), (0, 0, 0)


def sheet(pictures):
    """pictures: images of one size by name."""
    width, height = next(iter(pictures.values())).size
    rows = -(-len(pictures) // COLUMNS)
    step_x, step_y = width + 2 + GAP, height + 2 + CAPTION + GAP
    out = Image.new("RGB", (COLUMNS * step_x + GAP, rows * step_y + GAP), BACK)
    for number, (name, picture) in enumerate(pictures.items()):
        x, y = GAP + number % COLUMNS * step_x, GAP + number // COLUMNS * step_y
        out.paste(FRAME, (x, y, x + width + 2, y + height + 2))
        out.paste(picture, (x + 1, y + 1))
        write(out, name, x + 1, y + height + 4, width)
    return out


def write(image, text, x, y, width):
    """ASCII in the terminal's own font, cut at `width` pixels."""
    for character in text[: width // 8]:
        at = 16 * glyphs.HALF.index(character)
        shape = Image.frombytes("1", (8, 16), to_rows(glyphs.HALF_BITS[at : at + 16], 8))
        image.paste(TEXT, (x, y), shape)
        x += 8


def beside(images):
    """Images in a row, tops at one height."""
    size = sum(image.width for image in images), max(image.height for image in images)
    out, x = Image.new("RGB", size, BACK), 0
    for image in images:
        out.paste(image, (x, 0))
        x += image.width
    return out


def below(images):
    """Images one under the other."""
    size = max(image.width for image in images), sum(image.height for image in images)
    out, y = Image.new("RGB", size, BACK), 0
    for image in images:
        out.paste(image, (0, y))
        y += image.height
    return out


def enlarged(picture, scale):
    """Each pixel as scale x scale."""
    size = picture.width * scale, picture.height * scale
    return picture.resize(size, Image.Resampling.NEAREST)


def save(image, path):
    """As a PNG with a palette of the colours that are in it."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    colours = len(image.getcolors(maxcolors=1 << 24))
    if colours <= 256:
        image = image.quantize(colours, dither=Image.Dither.NONE)
    image.save(path, optimize=True)


def load(path):
    """The pixels of a file."""
    with Image.open(path) as image:
        return image.convert("RGB")
