"""Every cell beside its published value: equal, within seed noise, or different.

Conventions
-----------
- *equal*: the same printed value, within half of its last decimal (0.005 dB). It is looked for where there is a value
  of the same seeds: of the same single seed, of all published seeds, or of a cell that depends on no seed. A cell of
  other seeds that happens to have the published mean is equal too. No score on both sides is equal.
- *within seed noise*: another value, within the prediction interval of :mod:`.noise` around the mean over the published
  seeds (of several seeds: around the value of all of them, since the median over songs of mean scores is not the mean
  of medians).
- *different*: outside it; or a cell that depends on no seed and is not equal; or a score on one side only, unless some
  of the published seeds have none either.
- *not judged*: not equal, and the published results have a single seed, which tells nothing of the noise.
- *missing*, *not published*: on one side only.

Beside the cells, the mean over the cells of every table and metric is judged in the same way: many small changes in one
direction are no noise, though each cell is within its own. All together share one level.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reprosep.results.cells import ALL_SEEDS, KEYS, NO_SEED
from reprosep.results.corpus_table import decimals_of
from reprosep.tools.comparison.noise import Values, noise_of
from reprosep.tools.comparison.reading import Results

EQUAL, NOISE, DIFFERENT, NOT_JUDGED = "equal", "within seed noise", "different", "not judged"
MISSING, NOT_PUBLISHED = "missing", "not published"
MEAN_ROW, MEAN_COLUMN = "mean", "all cells"
PAPER = "paper"
_ROUNDING = 1e-9  # of decimal numbers in binary
_FEWEST_CELLS = 3  # a mean over fewer is not judged


def judge(pairs: dict[str, tuple[Results, Results]]) -> pd.DataFrame:
    """Cells of several papers, by name (own results, published ones).

    Returns
    -------
    pandas.DataFrame
        Columns paper, :data:`KEYS`, yours, published, low, high (NaN where there is no interval), songs,
        songs_published, seeded, verdict.
    """
    parts = [_beside(*pair).assign(paper=name) for name, pair in pairs.items()]
    cells = pd.concat(parts, ignore_index=True)
    cells["half"] = np.nan
    noisy = (cells["seeded"] & cells["in_both"]).to_numpy(dtype=bool)
    cells.loc[noisy, "half"] = _half_widths(cells[noisy])
    cells["low"], cells["high"] = cells["centre"] - cells["half"], cells["centre"] + cells["half"]
    cells["verdict"] = [_verdict(cell) for _, cell in cells.iterrows()]
    columns = [PAPER, *KEYS, "yours", "published", "low", "high", "songs", "songs_published", "seeded", "verdict"]
    return cells[columns]


def _half_widths(cells: pd.DataFrame) -> Values:
    """Half of the prediction interval of every cell; means have a noise of their own, and all share one level."""
    half, mean = np.full(len(cells), np.nan), is_mean(cells).to_numpy(dtype=bool)
    for chosen in (mean, ~mean):
        part = cells[chosen]
        groups = part.groupby([PAPER, "group"], sort=False).ngroup().to_numpy(dtype=np.int64)
        published, variance = (part[key].to_numpy(dtype=float) for key in ("published_seeds", "variance"))
        noise = noise_of(variance, np.maximum(published - 1, 0), groups)
        half[chosen] = noise.half_widths(published, part["own_seeds"].to_numpy(dtype=float), len(cells))
    return half


def is_mean(cells: pd.DataFrame) -> pd.Series:
    """Which rows are means over the cells of a table and metric."""
    return cells["row"].eq(MEAN_ROW) & cells["column"].eq(MEAN_COLUMN)


def _beside(own: Results, published: Results) -> pd.DataFrame:
    """Cells of one paper on both sides, with what is needed to judge them."""
    theirs = _by_cell(published, own.seeds)
    mine = own.cells.set_index(KEYS)[["value", "songs"]].rename(columns={"value": "yours"})
    mine = mine[~mine.index.duplicated()]
    both = theirs.join(mine, how="outer", rsuffix="_own", sort=False)
    both = both.reindex([*theirs.index, *(key for key in mine.index if key not in theirs.index)])
    both = both.rename(columns={"songs": "songs_published", "songs_own": "songs"})
    both["in_own"], both["in_published"] = both.index.isin(mine.index), both.index.isin(theirs.index)
    both["seeded"] = both["seeded"].eq(True)
    return _finished(pd.concat([both.reset_index(), _means(both, published)], ignore_index=True), own, published)


def _by_cell(published: Results, own: Sequence[int]) -> pd.DataFrame:
    """One row per published cell; a column per seed, `all` and no seed, songs, and whether it depends on the seed.

    Songs are those of the run's own seeds, or of all where seeds have as many; else NaN.
    """
    cells = published.cells
    wide = cells.pivot(index=KEYS, columns="seed", values="value")
    wide = wide.reindex(columns=[NO_SEED, ALL_SEEDS, *map(str, published.seeds)])
    order = pd.MultiIndex.from_frame(cells[KEYS].drop_duplicates())
    by_cell = cells.groupby(KEYS, sort=False)
    same = _same_seeds(own, published.seeds)
    scored = cells[cells["seed"].isin([NO_SEED, same])] if same else cells
    songs = scored.groupby(KEYS, sort=False)["songs"]
    wide["songs"] = songs.first().where(songs.nunique() == 1)
    wide["seeded"] = by_cell["seed"].agg(lambda seeds: NO_SEED not in set(seeds))
    return wide.reindex(order)


def _means(cells: pd.DataFrame, published: Results) -> pd.DataFrame:
    """Rows of the same kind: the mean over the seeded cells of every table and metric that have all values."""
    columns = [*map(str, published.seeds), *([ALL_SEEDS] if len(published.seeds) > 1 else []), "yours"]
    known = cells[cells["seeded"] & cells["in_own"] & cells[columns].notna().all(axis=1)]
    grouped = known.groupby(level=["table", "metric"], sort=False)[columns]
    means, counts = grouped.mean(), grouped.size()
    means = means[counts >= _FEWEST_CELLS].reset_index()
    return means.assign(row=MEAN_ROW, column=MEAN_COLUMN, seeded=True, in_own=True, in_published=True)


def _finished(cells: pd.DataFrame, own: Results, published: Results) -> pd.DataFrame:
    """With the value to be equal to, the middle of the interval, variance and numbers of seeds."""
    seeds = cells[[*map(str, published.seeds)]].astype(float)
    units = np.array([half_unit(metric) for metric in cells["metric"]])
    count = np.isfinite(seeds).sum(axis=1)
    several = len(own.seeds) > 1 and len(published.seeds) > 1
    centre = cells[ALL_SEEDS] if several else seeds.mean(axis=1)
    exact = _exact(cells, own.seeds, published.seeds)
    return cells.assign(
        unit=units,
        published_seeds=count,
        own_seeds=len(own.seeds),
        exact=exact.where(cells["seeded"], cells[NO_SEED]),
        centre=centre.where(cells["seeded"], cells[NO_SEED]),
        published=exact.where(exact.notna(), centre).where(cells["seeded"], cells[NO_SEED]),
        variance=np.maximum(seeds.var(axis=1, ddof=1), units**2),
        some_blank=seeds.isna().any(axis=1) & cells["seeded"],
        in_both=cells["in_own"] & cells["in_published"],
        group=np.where(is_mean(cells), [f"means {unit}" for unit in units], cells["table"] + " " + cells["metric"]),
    )


def _exact(cells: pd.DataFrame, own: Sequence[int], published: Sequence[int]) -> pd.Series:
    """The published values of the same seeds; NaN where there are none."""
    same = _same_seeds(own, published)
    return cells[same].astype(float) if same else pd.Series(np.nan, cells.index)


def _same_seeds(own: Sequence[int], published: Sequence[int]) -> str:
    """The published seed that is a run's only one, `all` where its seeds are the published ones, else nothing."""
    if len(own) == 1:
        return str(own[0]) if own[0] in published else ""
    return ALL_SEEDS if set(own) == set(published) else ""


def half_unit(metric: str) -> float:
    """Half of the last printed decimal of a metric."""
    return float(0.5 * 10.0 ** -decimals_of(metric))


def _verdict(cell: pd.Series) -> str:
    if not cell["in_published"]:
        return NOT_PUBLISHED
    if not cell["in_own"]:
        return MISSING
    yours, published, centre, half, unit = (
        float(cell[key]) for key in ("yours", "published", "centre", "half", "unit")
    )
    if np.isnan(yours):
        return EQUAL if np.isnan(published) else NOISE if cell["some_blank"] else DIFFERENT
    if np.isnan(published):
        return DIFFERENT
    if abs(yours - published) <= unit + _ROUNDING:
        return EQUAL
    if not cell["seeded"]:
        return DIFFERENT
    if np.isnan(half):
        return NOT_JUDGED
    return NOISE if abs(yours - centre) <= half else DIFFERENT
