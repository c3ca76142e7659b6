"""What stands between the fences of a page, drawn by whatever draws such lines."""

from pymdownx.superfences import SuperFencesException

from drawing import maps
from drawing.maps import draw_map, read_map
from drawing.sequences import DrawingError, draw_diagram, read_diagram


def draw(source: str) -> str:
    """The picture of some lines; their first says what they are."""
    if source.lstrip().startswith(maps.TITLE):
        return draw_map(read_map(source))
    return draw_diagram(read_diagram(source))


def draw_fence(source: str, _language: str, css_class: str, *_: object, **__: object) -> str:
    """A figure for the page; what cannot be drawn ends the build."""
    try:
        return f'<figure class="{css_class}">{draw(source)}</figure>'
    except DrawingError as error:
        raise SuperFencesException(str(error)) from error
