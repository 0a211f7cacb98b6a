"""Characters whose syllable espeak-ng has no rule for (xiong, qiong, jiong): 胸 and 琼 would be spelled in English.

They are handed over as two syllables that it knows and that sound as one: 雄 -> "xi2ong2".
"""

from __future__ import annotations

_BY_SYLLABLE = {
    "xi1ong1": "凶兄匈汹胸芎洶兇胷訩",
    "xi2ong2": "雄熊",
    "xi4ong4": "敻诇詗",
    "qi2ong2": "穷琼穹茕邛筇蛩跫銎窮瓊煢惸藑竆笻桏",
    "ji1ong1": "坰扃駉冂",
    "ji3ong3": "炯窘迥囧冏颎泂絅煚逈",
}
_PLAIN = str.maketrans({char: f" {said} " for said, chars in _BY_SYLLABLE.items() for char in chars})


def for_espeak(text: str, voice: str) -> str:
    """The text as espeak-ng's voice can say it."""
    return " ".join(text.translate(_PLAIN).split()) if voice == "cmn" else text
