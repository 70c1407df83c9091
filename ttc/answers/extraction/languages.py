"""The words that announce answers and questions, language by language.

Texts in these languages are read like English ones: those of MGSM and MMMLU and some more. A new
language is one row.
"""

from __future__ import annotations

from typing import NamedTuple


class Language(NamedTuple):
    """The words of a language, separated by `|`.

    `answer` are the nouns for an answer, `verb` what connects such a noun with the answer,
    `question` the labels of questions, `option` the nouns for an option. `direct`: the answer may
    follow the noun without a verb ("उत्तर 42 है"). `joined`: words are written without spaces.
    """

    answer: str
    verb: str
    question: str = ""
    option: str = ""
    direct: bool = False
    joined: bool = False


ENGLISH = (
    "question|problem|exercise|instruction|instructions|prompt|passage|article|query|puzzle|riddle"
)

LANGUAGES = {
    "de": Language(
        "antwort|endergebnis|schlussantwort",
        "ist|lautet|beträgt|wäre|sind",
        "frage|aufgabe|problem",
        "option|antwortmöglichkeit|auswahl",
        direct=True,
    ),
    "fr": Language(
        "réponse|reponse",
        "est|sont|serait|vaut",
        "question|problème|exercice|énoncé",
        "option|choix|proposition",
    ),
    "es": Language(
        "respuesta",
        "es|son|sería|seria|será",
        "pregunta|problema|ejercicio",
        "opción|opcion|alternativa",
    ),
    "pt": Language(
        "resposta",
        "é|são|seria|será",
        "pergunta|questão|problema|exercício",
        "opção|opcao|alternativa",
    ),
    "it": Language(
        "risposta", "è|sono|sarebbe|sarà", "domanda|problema|esercizio|quesito", "opzione"
    ),
    "nl": Language("antwoord", "is|luidt|zijn", "vraag|opgave|probleem", "optie", direct=True),
    "pl": Language(
        "odpowiedź|odpowiedz|odpowiedzią|odpowiedzi",
        "to|brzmi|jest|wynosi",
        "pytanie|zadanie",
        "opcja",
    ),
    "cs": Language("odpověď|odpoveď", "je|zní|znie", "otázka|úloha|příklad", "možnost"),
    "ru": Language(
        "ответ|ответом",
        "равен|равна|равно|будет|является|это|составляет",
        "вопрос|задача|задание",
        "вариант",
        direct=True,
    ),
    "uk": Language(
        "відповідь|відповіддю",
        "дорівнює|є|буде|становить|це",
        "питання|запитання|задача|завдання",
        "варіант",
        direct=True,
    ),
    "bg": Language("отговор|отговорът|одговор", "е|је", "въпрос|задача|питање"),
    "tr": Language(
        "cevap|cevabı|cevabımız|yanıt|yanıtı", "=", "soru|problem", "seçenek|şık", direct=True
    ),
    "vi": Language(
        "đáp án|câu trả lời|đáp số|trả lời",
        "là|bằng",
        "câu hỏi|bài toán|bài tập",
        "phương án|lựa chọn",
        direct=True,
    ),
    "id": Language(
        "jawaban|jawabannya|jawapan",
        "adalah|ialah|yaitu|yakni",
        "pertanyaan|soal|masalah",
        "pilihan|opsi",
    ),
    "sw": Language("jibu|majibu", "ni|lake ni", "swali|tatizo", "chaguo"),
    "sv": Language("svar|svaret", "är|er|blir", "fråga|spørgsmål|spørsmål|oppgave", "alternativ"),
    "fi": Language("vastaus", "on", "kysymys|tehtävä", "vaihtoehto"),
    "hu": Language("válasz", "=", "kérdés|feladat"),
    "ro": Language("răspuns|răspunsul|raspunsul", "este|e", "întrebare|întrebarea|problemă"),
    "el": Language("απάντηση|απαντηση", "είναι", "ερώτηση|πρόβλημα"),
    "tl": Language("sagot", "ay", "tanong"),
    "yo": Language("ìdáhùn|idáhùn|ìdahùn|idahun", "ni", "ìbéèrè|ibeere"),
    "ar": Language(
        "الإجابة|الاجابة|إجابة|الجواب|جواب|اجابة",
        "هي|هو|تساوي|تكون|يساوي",
        "السؤال|سؤال|المسألة",
        "الخيار|الاختيار",
    ),
    "fa": Language(
        "پاسخ|جواب", "است|برابر است با|برابر با", "پرسش|سؤال|سوال", "گزینه", direct=True
    ),
    "he": Language("תשובה|התשובה", "היא|הוא", "שאלה", "אפשרות"),
    "hi": Language("उत्तर|जवाब", "है|हैं", "प्रश्न|सवाल", "विकल्प", direct=True),
    "bn": Language("উত্তর|উত্তরটি|জবাব", "হল|হলো|হচ্ছে|হবে|হ'ল", "প্রশ্ন", "বিকল্প", direct=True),
    "te": Language("సమాధానం|జవాబు", "=", "ప్రశ్న", "ఎంపిక", direct=True),
    "ta": Language("பதில்|விடை", "ஆகும்", "கேள்வி", direct=True),
    "gu": Language("જવાબ", "છે", "પ્રશ્ન", direct=True),
    "th": Language(
        "คำตอบ|คําตอบ|ตอบ", "คือ|เป็น|เท่ากับ", "คำถาม|โจทย์", "ตัวเลือก|ข้อ", direct=True, joined=True
    ),
    "zh": Language(
        "答案|答覆|答复|答曰|正解|回答|解答|答",
        "应该是|應該是|应当是|應當是|应为|應為|就是|等于|等於|是|为|為|选|選",
        "问题|問題|题目|題目|问|問|例题|例題",
        "选项|選項",
        direct=True,
        joined=True,
    ),
    "ja": Language(
        "答え|こたえ|正解|回答|解答|最終回答",
        "は|が|も",
        "質問|問題|問|設問",
        "選択肢",
        direct=True,
        joined=True,
    ),
    "ko": Language(
        "정답|최종 답|대답|답변|답",
        "은|는|이|가",
        "질문|문제",
        "선택지|보기",
        direct=True,
        joined=True,
    ),
}

# "3, not 4": what stands before a denied answer, and behind one where the verb comes last.
DENIES = (
    "not|n['’]t|never|rather than|instead of|as opposed to|nor|cannot be"
    "|nicht|statt|pas|au lieu de|plutôt que|non|não|em vez de|en lugar de|en vez de|niet"
    "|nie|zamiast"
    "|не|вместо|замість|bukan|không phải|wala si|inte|ikke|ليس|ليست|وليس|不是|而不是|而非|并非|並非"
    "|ไม่ใช่|لا"
)
DENIED_BEHIND = (
    r"değil|नहीं|নয়|নয়|కాదు|ではな[くい]|じゃな[くい]|[가이] 아니|yerine|के बजाय|இல்லை|നહીં|"
    r"is (?:wrong|incorrect|false|not (?:correct|right|the answer|possible))\b"
    r"|would be (?:wrong|incorrect)\b"
)
# "not A, but B": what stands before the answer that replaces a denied one.
BUT = (
    "but rather|but instead|but|rather|it['’]s|it is|sondern|mais|sino|bensì|ma|mas|maar|lecz|tylko"
    "|ale|а|але|melainkan|mà là|bali|而是|men|utan|بل|बल्कि|বরং"
)
# Words between the verb and the answer.
BETWEEN = (
    "indeed|therefore|thus|hence|simply|clearly|actually|also|then|now|still|just|exactly|probably"
    "|most likely|likely|definitely|donc|alors|daher|somit|folglich|entonces|por lo tanto|pues"
    "|portanto|então|quindi|dunque|dus|zatem|więc|следовательно|значит|итак|отже|vậy|jadi|maka"
    "|basi|ดังนั้น|所以|因此|つまり|따라서"
)
# The verb that ends a sentence where it comes last: "42 है", "42です".
LAST_VERB = (
    r"\s?(?:है|हैं|হয়|হবে|టుంది|అవుతుంది|ஆகும்|છે|است|ครับ|ค่ะ|です|である|だ|になります|となります"
    r"|입니다|이다|예요|이에요|이며|됩니다)|['’]?(?:[dt][ıiuü]r|olur|olacaktır)"
)
# Words of quantity: they change the number before them, so the number alone is another answer.
SCALES = (
    "tausend|million|milliard|mio|mrd|dutzend|prozent|drittel|viertel|hundert|mille\\b|mil\\b|millón"
    "|millones|milione|milioni|milhão|milhões|docena|douzaine|dúzia|por ciento|por cento|тыс|млн"
    "|миллион|мільйон|миллиард|мільярд|процент|дюжин|milyon|bin\\b|yüzde|nghìn|triệu|tỷ|ribu|juta"
    "|miliar|elfu|milioni|لاख|लाख|करोड़|हज़ार|हजार|प्रतिशत|হাজার|লাখ|কোটি|শতাংশ|వేల|లక్ష|พัน|หมื่น|แสน|ล้าน"
    "|万|萬|億|亿|千|百|兆|打|만|천|백|억|ألف|مليون|بالمئة|und|y|et|e|и|і|ve|và|dan|na|و|和|と|或|oder|ou|o"
)
