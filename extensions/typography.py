"""Let no line end between a formula and the brackets and stops around it."""

import re


def keep_whole(page: str) -> str:
    r"""Let no line end between a formula and the brackets and stops around it.

    >>> keep_whole('of (<span class="math notranslate">x</span>), and')
    'of <span class="whole">(<span class="math notranslate">x</span>),</span> and'
    """

    def whole(match: re.Match[str]) -> str:
        around = match[1] or match[2]
        return f'<span class="whole">{match[0]}</span>' if around else match[0]

    formula = r'<span class="math notranslate[^"]*"[^>]*>(?:(?!</span>).)*</span>'
    return re.sub(rf"([(\[“]*){formula}([.,;:!?)\]”]*)", whole, page, flags=re.DOTALL)
