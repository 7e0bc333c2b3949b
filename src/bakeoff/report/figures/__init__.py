"""Figures of the report, as inline SVG that follows the page's colours."""
