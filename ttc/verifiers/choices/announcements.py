"""Words that announce an option ("I would go with B"), besides those that announce an answer."""

from __future__ import annotations

import re

from ttc.answers.extraction.languages import LANGUAGES

# A capital letter or one in brackets; what follows must set it off from a word after it.
# Scripts without spaces may touch a letter.
_WORD = r"[^\W\u0e00-\u0e7f\u3040-\u9fff\uac00-\ud7ff]"
_LETTER = (
    r"[(\[*_\"'“‘$ ]{0,4}((?<=[(\[])[A-Za-z](?=[)\]])|(?-i:[A-Z]))"
    rf"(?!{_WORD}|['’])[)\]*_\"'”’$]{{0,4}}"
)
_END = (
    r"(?=\W*$|[.;:!?)]|,(?!\s*(?:or\s|and\s)?\(?[A-Z]\b)|\s*[—–(]|\s-|。|，"
    r"|\s(?:because|as|since|for|which|is|was|due|given|based|by|from|in|with)\b)"
)
_END_ANY = _END[:-1] + r"|\s?[^\x00-\x7f])"  # also before words of other languages
_KIND = r"(?:the\s)?(?:(?:option|choice|answer|letter|alternative)\s+)?"
_NOUNS = "|".join(
    ["option", "choice", "letter", "alternative", "pick", "selection"]
    + [each.option for each in LANGUAGES.values() if each.option]
)
_QUALIFIERS = (
    r"correct|right|best|chosen|selected|final|appropriate|my|richtige?|korrekte?|bonne|correcte?"
    r"|correct[ao]|corret[ao]|giusta|juiste|goede|poprawna|prawidłowa|правильн\w+|верн\w+|doğru"
    r"|đúng|yang benar|benar|tepat|sahihi|正确的?|正確的?|最佳|正しい|옳은|알맞은|सही|সঠিক|సరైన"
    r"|ที่ถูกต้อง|الصحيح"
)
_ARTICLE = r"(?:(?:la|a|die|el|de|il|the)\s|l['’])?"
# "The correct option is (C)", "正确选项：C", "La bonne option est C", "Choice: C"
QUALIFIED = re.compile(
    rf"(?<![^\W_])(?:{_QUALIFIERS})\s?(?:{_NOUNS})\w{{0,3}}(?:\s[^\W\d]{{1,12}}){{0,2}}?"
    rf"\s{{0,2}}(?:[:：=]|是|为|為|は|[은는이가]|\s\w{{1,9}}(?:\sto)?(?:\sbe)?)?\s{{0,2}}"
    rf"{_ARTICLE}{_LETTER}{_END_ANY}"
    rf"|(?:{_NOUNS})\s(?:{_QUALIFIERS})\s?(?:[:：]|\w{{1,6}})\s{{0,2}}{_ARTICLE}{_LETTER}{_END_ANY}"
    rf"|^\W{{0,6}}(?:the\s|my\s)?(?:{_NOUNS}|selected|chosen|correct|solution|lösung|solución|solução|soluzione"
    rf"|решение|解)\s?(?:[:：]|is\b)\s?{_LETTER}{_END}",
    re.I | re.M,
)
QUALIFIED_KEY = re.compile(
    r"""["'](?:(?:final|correct|selected)[_ ])?(?:choice|option|letter|answer_letter|prediction)["']
        \s?:\s?["']?\(?([A-Za-z])\)?["'\s,}]""",
    re.I | re.X,
)
_ADVERBS = r"(?:\s(?:clearly|definitely|probably|likely|therefore|thus|then|most|indeed|actually))?"
CHOSEN = re.compile(
    rf"""(?:\b(?:I(?:\swould|['’]d|\swill|['’]ll)?|we(?:\swould|\swill)?|let['’]s|must|should|to)\s
            (?:choose|pick|select|go\s(?:with|for)|opt\sfor|say|answer|vote\sfor)
          |(?:^|(?<=[.!?]\s))(?:choose|pick|select|go\swith) | \bI\smeant?
          |\b(?:choosing|selecting|picking)|\bI(?:['’]m|\sam)\sgoing\swith|\bleans?\stowards?)
        \s{_KIND}{_LETTER}{_END}
      | (?<!{_WORD})(?<!['’])(?:option\s+|choice\s+|answer\s+)?{_LETTER}{_ADVERBS}
        (?:\s(?:is|must\sbe|has\sto\sbe|would\sbe|seems|looks|appears)(?:\sto\sbe)?{_ADVERBS}
          \s(?:the\s)?(?:only\s)?(?:most\s)?
          (?:correct|right|best|true|accurate|appropriate|answer|valid|fitting)\b
          (?!\s(?:only|if|when|about|that|but|for|in\sthat))
        |\s(?:fits|matches)\b
        |\s(?:ist|wäre)\s(?:die\s)?(?:richtig|korrekt) | \sest\s(?:la\s)?(?:bonne|correcte|juste)
        |\s(?:es|é|è)\s(?:la\s|a\s)?(?:opción\s|alternativa\s|risposta\s)?(?:corre[ct]|giust)
        |\sis\s(?:het\s)?juist | \sjest\s(?:poprawn|prawidłow) | \s(?:верн|правильн)\w+
        |\sdoğru(?!\sdeğil) | \s(?:là\s(?:đáp\sán\s)?)?đúng | \s(?:adalah\s)?(?:yang\s)?benar
        |\s?(?:选项|選項)?(?:是)?(?:正确|正確|对的)|\s?が(?:正解|正しい)|[이가]\s(?:정답|맞))
      | (?:故|应|應|因此|所以)?(?:选择?|選擇?)\s?(?:项|項)?[:：]?\s?{_LETTER}(?!\s?[和或、])
      | \b(?:so|hence|thus|therefore|leaving|leaves|remaining|remains|that\sis|only)\b,?\s
        (?:us\swith\s|with\s|only\s|just\s|(?:it['’]s|it\sis|it\smust\sbe)\s)?{_KIND}{_LETTER}{_END}
      | \b(?:it|this|that)(?:\s(?:is|must\sbe|should\sbe|would\sbe|has\sto\sbe|can\sonly\sbe
          |seems\sto\sbe|looks\slike)|['’]s){_ADVERBS}\s{_KIND}{_LETTER}{_END}
      | \b(?:is|matches|fits|corresponds\sto|points\sto|supports|это)
        \s(?:это\s|(?:option|choice|answer)\s+)(?:letter\s)?{_LETTER}{_END}
      | \b(?:верно|правильно|richtig\sist|korrekt\sist|chọn(?:\sđáp\sán)?|ich\swähle|je\schoisis
          |elijo|escolho|scelgo|ik\skies|wybieram|выбираю|обираю|memilih|pilih|seçiyorum|ninachagua)
        \s{_ARTICLE}{_LETTER}{_END}
      | \bnot\s{_KIND}[(\[*]{{0,3}}[A-Z][)\]*]{{0,3}},?\s(?:but|rather|instead)
        \s{_KIND}{_LETTER}{_END}
      | (?:^\W*|\b(?:is|it['’]s)\s){_KIND}{_LETTER}
        (?=,?\s(?:(?:and\s)?not|rather\sthan|instead\sof)\s{_KIND}[(\[*]{{0,3}}[A-Z]\b)
      | \b(?:must|should|would|gotta|got\sto|has\sto|have\sto)\s(?:be\s)?{_KIND}{_LETTER}{_END}
      | \bonly\s{_KIND}{_LETTER}\s(?:remains|is\sleft|is\spossible)
      | \bby\s(?:process\sof\s)?elimination,?\s(?:we\s(?:get|have|are\sleft\swith)\s)?
        {_KIND}{_LETTER}{_END}
      | (?:^|(?<=[.!?]\s))no,\s{_KIND}{_LETTER}{_END}
      | (?:→|⇒|=>|->|\\Rightarrow|\\rightarrow|\\therefore|∴)\s{{0,2}}{_LETTER}{_END}
      | \b(?:definitely|clearly|probably|certainly),?\s{_KIND}{_LETTER}{_END}
    """,
    re.I | re.M | re.X,
)
CORRECTED = re.compile(
    r"\bwait\b|\bactually\b|\bcorrection\b|\bhold on\b|\bsorry\b|\bmy mistake\b|\bon second thought"
    r"|\bon reflection\b|\bbut (?=\(?[A-Z]\)? is (?:\w+ )?(?:the )?(?:correct|right|best))",
    re.I,
)
_CONDITION = re.compile(
    r"\b(?:if|whether|why|unless|suppose|assume|assuming|neither|and|or|not|n['’]t)\s+"
    r"(?:(?:that|option|choose|pick|select)\s+)?[(*]{0,3}$|\b[A-Z]\)?,\s[(*]{0,3}$",
    re.I,
)


def conditional(text: str, start: int, letter: int) -> bool:
    """Return whether a choice that begins at an offset is conditional ("if B is correct"), denied
    or one of several. `letter` is the offset of its letter."""
    before = text[max(start - 30, 0) : start]
    return bool(_CONDITION.search(before) or _CONDITION.search(text[max(letter - 12, 0) : letter]))
