"""Styles that a page of Evidently's lacks: on a narrow screen it cuts off what does not fit."""

NARROW = """\
<style>
@media (max-width: 700px) {
  .MuiGrid-direction-xs-column { flex-wrap: nowrap !important; }
  .MuiGrid-root { max-width: 100% !important; min-width: 0 !important; }
  .MuiGrid-root[class*="MuiGrid-grid-xs-"]:not(.MuiGrid-grid-xs-true) { flex-basis: 100% !important; }
  .MuiGrid-grid-xs-true { flex-basis: auto !important; min-width: 33% !important; }
  .MuiGrid-grid-xs-true .MuiTypography-root { font-size: 1.1rem !important; }
  .MuiCardContent-root { padding: 4px !important; overflow-x: auto !important; }
  .MuiTable-root { min-width: 0 !important; }
  .MuiTableCell-root { padding: 4px !important; }
  .MuiBox-root { padding-left: 4px !important; padding-right: 4px !important; }
}
</style>
"""
"""Columns stand below each other, counters wrap, and what is wider than the screen scrolls in its own frame."""
