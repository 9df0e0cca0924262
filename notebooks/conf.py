"""How Sphinx builds the site: `sphinx-build -W --keep-going notebooks site/html`, no network needed."""

import os
import sys
from importlib.metadata import version as version_of
from importlib.util import find_spec
from pathlib import Path

from nbclient import NotebookClient


sys.path.insert(0, str(Path(__file__).parent))

project = "jaxsuper"
author = "jaxsuper developers"
copyright = author
version = release = version_of("jaxsuper")

extensions = ["myst_nb", "sphinx.ext.autodoc", "extension"]
root_doc = "index"
exclude_patterns = ["conf.py", "extension/**", "*.ipynb", "**/.ipynb_checkpoints"]

# Percent scripts and Markdown pages; headings can be linked to as on GitHub, three deep.
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
myst_enable_extensions = ["dollarmath", "smartquotes"]
myst_heading_anchors = 3

# All code of the pages is run when they change; an error in it is an error of the build. Programs
# are compiled for one use, and kept nowhere.
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
# Shown without its output where there is no PyTorch.
nb_execution_excludepatterns = [] if find_spec("torch") else ["09_testbed.py"]
nb_merge_streams = True
os.environ.setdefault("JAXSUPER_CACHE", "none")
# What a cell prints piece by piece is one text.
NotebookClient.class_traits()["coalesce_streams"].default_value = True
os.environ.setdefault("JAX_PLATFORMS", "cpu")

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"jaxsuper {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
