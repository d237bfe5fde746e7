"""How Sphinx builds the site: `.ci/site`, which also checks the links."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from withstand import __version__  # noqa: E402

project, author = "withstand", "the withstand authors"
version = release = __version__
copyright = author
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "making.outside", "making.mathml"]
extensions += ["making.docstrings", "making.commands"]
exclude_patterns = ["making"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4  # GitHub's names of headings, so that a link holds there and here

html_theme = "furo"
html_title = f"withstand {version}"
html_static_path = ["making/static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = html_show_sphinx = False
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {"color-code-background": "#f3f5f7"},
    "dark_css_variables": {"color-code-background": "#22272e"},
}
default_role = "any"  # of single backquotes in docstrings
math_renderer = html_math_renderer = "mathml"  # nothing is fetched to read a page
highlight_language = "text"
suppress_warnings = ["misc.highlighting_failure"]

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
napoleon_google_docstring, napoleon_numpy_docstring = True, False
napoleon_use_ivar = True
napoleon_attr_annotations = False  # the signature above has them
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
# Other people's names, which only a network could resolve; all of ours must be there.
nitpick_ignore_regex = [
    ("py:.*", r"(numpy|np|torch|pandas|pd|nn|collections|pathlib|typing)(\..*)?"),
    ("py:.*", "NDArray|Images|mean"),
    (
        "py:class",
        r"withstand\.(analysis\.(comparable|pairs)|results\.entries)\.(Compared|Together|About)",
    ),  # inner
]
