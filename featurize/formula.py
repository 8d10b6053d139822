"""Formulas to numbers: many at once, and one at a time.

`parse_formulas` reads plain formulas (elements, decimal amounts, one level of round brackets) as arrays of bytes, all
of them together; the few that are written in any other way go one by one through the careful `parse_formula`. Both
give the same numbers.
"""

from collections.abc import Iterable

import numpy as np
from scipy.sparse import csr_array

from .elements import INDEX, N_ELEMENTS
from .grammar import parse_formula
from .notation import ABBREVIATIONS, MAX_LENGTH, FormulaError

__all__ = ["FormulaError", "parse_formula", "parse_formulas"]

# Formulas read together: their bytes and tokens then stay in a core's cache.
_CHUNK = 4096

_OTHER, _UPPER, _LOWER, _DIGIT, _OPEN, _CLOSE, _END = range(7)
_KIND = np.full(256, _OTHER, dtype=np.uint8)
_KIND[ord("A") : ord("Z") + 1] = _UPPER
_KIND[ord("a") : ord("z") + 1] = _LOWER
_KIND[ord("(")] = _OPEN
_KIND[ord(")")] = _CLOSE
_KIND[ord("\n")] = _END
_BEGINS_TOKEN = np.isin(np.arange(256), [ord("("), ord(")"), ord("\n"), *range(ord("A"), ord("Z") + 1)])

# Element of a symbol's two letters (32 codes a letter, 0 where there is no second one); -1 where there is none.
_ELEMENT = np.full(32 * 32, -1, dtype=np.int32)
for _symbol, _index in INDEX.items():
    _ELEMENT[(ord(_symbol[0]) & 31) * 32 + (ord(_symbol[1]) & 31 if len(_symbol) > 1 else 0)] = _index
# A decimal before these may be the joint of a hydrate or ammine; a bracket with these an oxidation state.
_STARTS_LIGAND = np.isin(np.arange(-1, N_ELEMENTS), [INDEX["H"], INDEX["N"]])
_STARTS_ROMAN = np.isin(np.arange(-1, N_ELEMENTS), [INDEX["I"], INDEX["V"]])

# Fifteen digits are exact in a float, and so is ten to the fifteenth: their quotient is the correctly rounded decimal.
_MOST_DIGITS = 15
_POWERS = 10.0 ** np.arange(_MOST_DIGITS + 1)


def parse_formulas(texts: Iterable[str]) -> tuple[csr_array, np.ndarray]:
    """Read many formulas into one sparse matrix of amounts.

    The numbers are those of `parse_formula`; a formula that cannot be read leaves an empty row and its error.

    Parameters
    ----------
    texts : iterable of str
        Anything that is not a string (None, NaN) is an unreadable formula.

    Returns
    -------
    amounts : csr_array of shape (n, 118), float64
        Amount of each element, as typed; column indices sorted, no explicit zeros.
    errors : object ndarray of shape (n,)
        None, or why the formula cannot be read.

    Examples
    --------
    >>> amounts, errors = parse_formulas(["Na3Zr2Si2PO12", "Na3P(S4"])
    >>> amounts[[0], :].data.tolist()
    [12.0, 3.0, 2.0, 1.0, 2.0]
    >>> errors[1]
    "formula 'Na3P(S4' has an unclosed bracket (character 5, near '(S4')"
    """
    texts = list(texts)
    n = len(texts)
    errors = np.full(n, None, dtype=object)
    counts = np.zeros(n, dtype=np.int64)
    indices: list[np.ndarray] = []
    values: list[np.ndarray] = []
    for start in range(0, n, _CHUNK):
        chunk = slice(start, start + _CHUNK)
        counts[chunk], chunk_indices, chunk_values = _read_chunk(texts[chunk], errors[chunk])
        indices.append(chunk_indices)
        values.append(chunk_values)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    if n == 0:
        return csr_array((0, N_ELEMENTS)), errors
    amounts = csr_array((np.concatenate(values), np.concatenate(indices), indptr), shape=(n, N_ELEMENTS))
    amounts.sum_duplicates()
    return amounts, errors


def _read_chunk(texts: list, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read one chunk; write `errors` in place and return entries a row, elements and amounts."""
    rows, elements, amounts, left = _read_plain(texts)
    for row in left:
        try:
            read = parse_formula(texts[row])
        except FormulaError as error:
            errors[row] = str(error)
            continue
        rows = np.concatenate([rows, np.full(len(read), row)])
        elements = np.concatenate([elements, [INDEX[symbol] for symbol in read]])
        amounts = np.concatenate([amounts, list(read.values())])
    if len(left):
        order = np.argsort(rows, kind="stable")
        rows, elements, amounts = rows[order], elements[order], amounts[order]
    return np.bincount(rows, minlength=len(texts)), elements, amounts


def _read_plain(texts: list) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read the plain formulas of a chunk.

    A token is an element symbol, a bracket or the end of a formula, with the number behind it. Whatever is not of this
    kind marks its formula as not plain.

    Returns
    -------
    rows, elements, amounts : ndarray
        One entry an element as it appears, in order.
    left : ndarray of int
        Formulas for the careful reader.
    """
    n = len(texts)
    letters, is_left = _join(texts)
    token_at = np.flatnonzero(_BEGINS_TOKEN[letters])
    kind = _KIND[letters[token_at]]
    row = np.cumsum(kind == _END) - 1
    # The closing end belongs to no formula; it only stops the last number.
    after = letters[np.minimum(token_at + 1, len(letters) - 1)]
    is_element = kind == _UPPER
    has_second = is_element & (_KIND[after] == _LOWER)
    element = _ELEMENT[(letters[token_at] & 31).astype(np.intp) * 32 + np.where(has_second, after & 31, 0)]
    element[~is_element] = -1
    number_at = token_at + 1 + has_second
    length = np.append(token_at[1:], len(letters)) - number_at

    amount, is_odd, is_decimal = _read_numbers(letters, number_at, length)
    is_odd |= is_element & (element < 0)
    is_odd |= ~is_element & (kind != _CLOSE) & (length > 0)
    is_odd[:-1] |= is_decimal[:-1] & _STARTS_LIGAND[element[1:] + 1]
    is_odd[-1] = False
    is_left[row[is_odd]] = True

    is_bracket = (kind == _OPEN) | (kind == _CLOSE)
    if is_bracket.any():
        _multiply_brackets(kind, row, element, amount, is_left)
    is_element &= ~is_left[np.minimum(row, n - 1)]
    rows = row[is_element]
    is_left[np.bincount(rows, minlength=n) == 0] = True
    return rows, element[is_element], amount[is_element], np.flatnonzero(is_left)


def _join(texts: list) -> tuple[np.ndarray, np.ndarray]:
    """All formulas as bytes, each between newlines, and which of them the careful reader must have."""
    is_left = np.zeros(len(texts), dtype=bool)
    if any(kind is not str for kind in set(map(type, texts))):
        is_left[:] = [type(text) is not str for text in texts]
        texts = [text if type(text) is str else "" for text in texts]
    joined = "\n".join(texts)
    if joined.count("\n") != len(texts) - 1:
        is_left |= ["\n" in text for text in texts]
        texts = [text.replace("\n", " ") for text in texts]
        joined = "\n".join(texts)
    if len(joined) > MAX_LENGTH:
        is_left |= np.fromiter(map(len, texts), dtype=np.intp, count=len(texts)) > MAX_LENGTH
    for name in ABBREVIATIONS:
        if name in joined:
            is_left |= [name in text for text in texts]
    return np.frombuffer(f"\n{joined}\n".encode("ascii", "replace"), dtype=np.uint8), is_left


def _read_numbers(
    letters: np.ndarray, number_at: np.ndarray, length: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Decimals of the given places and lengths: their values, which are odd, and which hold a point.

    No number is 1. Odd is what is not of the form 3, 0.5 or 12.25, is zero, or has more digits than a float keeps.
    """
    mantissa = np.zeros(len(length), dtype=np.int64)
    decimals = np.full(len(length), -1, dtype=np.int64)
    is_odd = length > _MOST_DIGITS
    at = np.flatnonzero((length > 0) & ~is_odd)
    numbers = at
    digit_at = number_at[at]
    left = length[at]
    while len(at):
        digit = letters[digit_at] - np.uint8(ord("0"))
        is_digit = digit < 10
        if is_digit.all():
            mantissa[at] = mantissa[at] * 10 + digit
            decimals[at] += decimals[at] >= 0
        else:
            point = at[~is_digit]
            # A second point, or anything that is neither digit nor point.
            is_odd[point] |= (decimals[point] >= 0) | (letters[digit_at[~is_digit]] != ord("."))
            # A point that opens or closes a number may join an adduct.
            is_odd[point] |= (left[~is_digit] == 1) | (left[~is_digit] == length[point])
            decimals[point] = 0
            digits = at[is_digit]
            mantissa[digits] = mantissa[digits] * 10 + digit[is_digit]
            decimals[digits] += decimals[digits] >= 0
        goes_on = left > 1
        at, digit_at, left = at[goes_on], digit_at[goes_on] + 1, left[goes_on] - 1
    amount = np.ones(len(length))
    amount[numbers] = mantissa[numbers] / _POWERS[np.maximum(decimals[numbers], 0)]
    is_odd |= amount == 0
    return amount, is_odd, decimals >= 0


def _multiply_brackets(
    kind: np.ndarray, row: np.ndarray, element: np.ndarray, amount: np.ndarray, is_left: np.ndarray
) -> None:
    """Multiply amounts inside brackets by the number behind; nested and unmatched brackets are left."""
    opens, closes = kind == _OPEN, kind == _CLOSE
    depth = np.cumsum(opens.astype(np.int32) - closes)
    is_end = kind == _END
    depth -= np.repeat(depth[is_end], np.diff(np.append(np.flatnonzero(is_end), len(kind))))
    is_wrong = (depth < 0) | (depth > 1)
    # A formula that ends inside a bracket, an empty bracket, and one that may hold an oxidation state.
    is_wrong[:-1] |= is_end[1:] & (depth[:-1] != 0)
    is_wrong[:-1] |= opens[:-1] & (closes[1:] | _STARTS_ROMAN[element[1:] + 1])
    is_wrong[-1] = False
    is_left[row[is_wrong]] = True
    is_kept = np.append(~is_left, False)[row]
    opens &= is_kept
    group = np.cumsum(opens) - 1
    inside = (depth == 1) & is_kept & (element >= 0)
    amount[inside] *= amount[closes & is_kept][group[inside]]
