"""The strings of the tokenizer's golden list, grouped by what they try to break."""

PLAIN = [
    "", " ", "   ", "a", "A", "a photo of a cat", "A Photo Of A CAT", "an astronaut riding a horse on mars",
    "masterpiece, best quality, highly detailed, 8k, artstation", "the quick brown fox jumps over the lazy dog",
    "  leading and trailing  ", "double  space", "no.space.dots", "under_score and snake_case_name",
    "hyphen-ated well-known state-of-the-art", "supercalifragilisticexpialidocious",
    "pneumonoultramicroscopicsilicovolcanoconiosis and antidisestablishmentarianism",
    "x" * 100, "ab" * 200, "a " * 90, "word " * 75, "word " * 76, "word " * 74, "z" * 5000,
    "lowercase UPPERCASE MixedCase cAmElCaSe", "iPhone eBay YouTube", "R2-D2 and C-3PO",
]
APOSTROPHES = [
    "it's", "don't", "we're they've I'm you'll he'd", "IT'S DON'T WE'RE THEY'VE I'M YOU'LL HE'D",
    "it\u2019s don\u2019t we\u2019re", "'s 't 're 've 'm 'll 'd", "''s ''t", "rock 'n' roll", "o'clock",
    "the dogs' bowl", "'quoted' \"double\" `back`", "\u2018single\u2019 \u201cdouble\u201d", "s' 's' s's",
    "x'\u017f long s after apostrophe", "'\u017f '\u212a '\u017e", "l'\u00e9t\u00e9 d'\u00e9t\u00e9 'd\u00e9j\u00e0",
    "it' s don' t", "'sa 'ta 'rea", "y'all'd've", "\u02bcs \u0027s \uff07s",
]
DIGITS = [
    "0123456789", "1 2 3", "2024-01-31", "3.14159", "1,000,000", "50%", "$9.99", "\u20ac5 \u00a310 \u00a5100",
    "4k 8K 1080p", "1/2 \u00bd \u00bc \u2153", "x\u00b2 + y\u00b3 = z\u2074", "\u2160\u2161\u2162 \u2170\u2171",
    "\u0661\u0662\u0663 \u0967\u0968\u0969", "\uff11\uff12\uff13", "\u2460\u2461\u2462", "1st 2nd 3rd 4th",
    "a1b2c3", "0x1F600", "1e-5", "12:34:56", "\u09f4 \u0bf0 \u3007",
]
PUNCTUATION = [
    "!", "?!", "...", "\u2026", "!!!!!!!!!!", "?!?!?!", "a,b;c:d.e!f?g", "(parentheses) [brackets] {braces} <angles>",
    "((emphasis:1.3)), [less], (word:0.5)", "a\\(b\\)", "@#$%^&*()_+-=[]{}|;':\",./<>?~`", "---", "\u2014 \u2013 \u2012",
    "* bullet \u2022 bullet \u00b7 dot", "=>>=<<==!==", "\\n \\t \\\\", "~/path/to/file.txt", "C:\\Windows\\System32",
    "#hashtag @mention", "https://example.com/a/b?c=d&e=f#g", "mailto:someone@example.org", "www.example.co.uk:8080",
    "&amp; &lt;b&gt; &quot;x&quot; &#39;s &eacute; &nbsp;", "&amp;amp;", "<b>bold</b> <br/>", "a&b a & b",
    "\u00a1hola! \u00bfqu\u00e9 tal?", "\u00ab guillemets \u00bb \u2039x\u203a", "\u3001\u3002\u300c\u300d\u300e\u300f", "\uff01\uff1f\uff0c\uff1a",
    "\u2020\u2021\u00a7\u00b6 \u00a9\u00ae\u2122", "+1 -1 \u00b11 \u00d7 \u00f7 \u2260 \u2264 \u2265 \u221e \u2211", "\u2190\u2191\u2192\u2193", "\u2500\u2502\u250c \u2588\u2592",
    "_", "__init__", "a_b", "\u203f\u2040", ". . .", "a . b", "a.", ".a", "\u0964 \u060c \u061b \u061f",
]
EMOJI = [
    "\U0001f600", "\U0001f600\U0001f601\U0001f602", "smile \U0001f600 here", "a\U0001f600b", "\u2764", "\u2764\ufe0f", "\u2764\ufe0f\u200d\U0001f525",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f9d1\U0001f3fd\u200d\U0001f680", "\U0001f44d\U0001f3fb\U0001f44d\U0001f3ff",
    "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "\U0001f3f3\ufe0f\u200d\U0001f308", "1\ufe0f\u20e3 #\ufe0f\u20e3 *\ufe0f\u20e3", "\U0001f43b\u200d\u2744\ufe0f", "\u263a \u2639 \u2600 \u2601",
    "\U0001fae0 Unicode 14", "\U0001fae8 Unicode 15", "\U0001fae9 Unicode 16", "\U0001f170\U0001f171", "\u2b50\u2728\U0001f31f", "\u00a9\ufe0f\u2122\ufe0f", "\U0001f9ff\U0001fabf",
]
CJK = [
    "\u4e2d\u6587", "\u4e00\u53ea\u732b\u5750\u5728\u6c99\u53d1\u4e0a", "\u65e5\u672c\u8a9e\u306e\u30c6\u30b9\u30c8", "\u3072\u3089\u304c\u306a", "\u30ab\u30bf\u30ab\u30ca", "\uff76\uff80\uff76\uff85 half width",
    "\uff26\uff35\uff2c\uff2c\uff37\uff29\uff24\uff34\uff28", "\ud55c\uad6d\uc5b4", "\u1112\u1161\u11ab\u1100\u116e\u11a8 jamo", "\uac00\uac01\uac02", "cat\u732bdog\u72ac", "\u732bcat", "cat\u732b",
    "\U00020000\U0002a6d6 extension B", "\U0002a700\U0002b740\U0002b820 extensions C D E", "\U0002ceb0\U00030000 extensions F G", "\uf900\uf90a compatibility", "\U0002f800 compatibility supplement",
    "\u3400\u4db5 extension A", "\u2e80\u2f00 radicals", "\u3105\u3106 bopomofo", "\u3000\u5168\u89d2\u3000\u7a7a\u683c\u3000", "\u301c\u30fb\u30fc\u3005", "\u304c vs \u304b\u3099", "\u337f \u32ff \u3231",
]
SCRIPTS = [
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645", "\u0645\u064e\u0631\u0652\u062d\u064e\u0628\u064b\u0627", "\ufefb \ufdfa", "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", "\u0915\u094d\u0937\u0924\u094d\u0930\u093f\u092f", "\u0958 vs \u0915\u093c", "\u09ac\u09be\u0982\u09b2\u09be", "\u0ba4\u0bae\u0bbf\u0bb4\u0bcd", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01",
    "\u0e81\u0eb3", "\u1019\u103c\u1014\u103a\u1019\u102c", "\u10e5\u10d0\u10e0\u10d7\u10e3\u10da\u10d8 \u1c90\u1c91", "\u0540\u0561\u0575\u0565\u0580\u0565\u0576 \u0587", "\u041f\u0440\u0438\u0432\u0435\u0442 \u041c\u0418\u0420", "\u0419\u043e\u0433 vs \u0418\u0306\u043e\u0433",
    "\u039a\u03b1\u03bb\u03b7\u03bc\u03ad\u03c1\u03b1 \u039a\u039f\u03a3\u039c\u039f\u03a3", "\u1f08\u03c1\u03b9\u03c3\u03c4\u03bf\u03c4\u03ad\u03bb\u03b7\u03c2", "\u1208\u121d", "\u13a0\u13b5 \uab70", "\u16a0\u16b1", "\U00010400\U00010428 deseret", "\U0001d400\U0001d41a mathematical", "\ufb01\ufb02 ligatures",
    "Ti\u1ebfng Vi\u1ec7t", "Ti\u00ea\u0301ng Vi\u00ea\u0323t", "na\u00efve caf\u00e9 r\u00e9sum\u00e9", "nai\u0308ve cafe\u0301 re\u0301sume\u0301", "Stra\u00dfe STRASSE STRA\u1e9eE", "\u0130stanbul \u0131\u015f\u0131k \u0049\u0130\u0131i",
    "I\u0307", "\u03a3 \u039f\u0394\u039f\u03a3 \u03a3\u03a3 \u0391\u03a3.", "\u03a3\u4e2d \u0391\u03a3\u4e2d", "\u0391\u03a3\u0301 \u0391\u03a3'", "\u01c4\u01c5\u01c6 \u01f1", "\u212b \u00c5 A\u030a", "\u2126 \u03a9 \u212a K", "\u1e9b\u0323", "\ufb33 \ufb2a",
    "a\u0301\u0302\u0303\u0304\u0305 zalgo", "z\u0351\u0363\u036b a\u0317l\u0325g\u0327o", "\u0301 alone", "e\u0327\u0301 vs e\u0301\u0327", "\u0f71\u0f72\u0f73", "o\u0328\u0304 \u01ed", "\u0149 \u01f0", "\u02b0\u02b2 \u1d43", "\u00aa \u00ba", "\u24b6\u24d0",
]
SPACES = [
    "tab\there", "new\nline", "carriage\rreturn", "crlf\r\nline", "form\ffeed", "vertical\vtab", "nbsp\u00a0here",
    "em\u2003space", "thin\u2009space", "hair\u200aspace", "ideographic\u3000space", "zero\u200bwidth", "zero\u200cnon\u200djoiner",
    "word\u2060joiner", "\ufeffbom at start", "bom\ufeffinside", "line\u2028separator", "paragraph\u2029separator", "next\u0085line",
    "ogham\u1680space", "narrow\u202fnbsp", "math\u205fspace", "\t\n\r ", "\u00a0", "\u2003\u3000", "\u200b", "soft\u00adhyphen",
    "a \u00a0 \u2003 b", "mongolian\u180evowel", "\u2800braille blank", "hangul\u3164filler", "a\n\n\nb", " \n a \t b \r\n ", "\u2028", "x\u200b", "\u200bx y\u200b z",
]
CONTROLS = [
    "nul\x00inside", "\x01\x02\x03", "bell\x07 back\x08space", "escape\x1b[31mred", "del\x7f", "c1\x80\x9f", "\x1c\x1d\x1e\x1f separators", "a\x1cb",
    "ltr\u200ertl\u200f", "\u202aembed\u202c", "\u2066isolate\u2069", "replacement \ufffd char", "private \ue000 use", "\U000f0000 plane 15",
    "noncharacter \ufffe \uffff", "\U0001ffff", "unassigned \u0378 \U0001f8ff", "interlinear\ufff9x\ufffa", "\u061c arabic mark", "tag\U000e0041\U000e007f", "variation\ufe00 \U000e0100",
]
SPECIAL = [
    "<|startoftext|>", "<|endoftext|>", "a <|startoftext|> b", "a <|endoftext|> b", "a<|endoftext|>b", "<|endoftext|><|endoftext|>", "<|startoftext|>a cat<|endoftext|>",
    "<|STARTOFTEXT|>", "<|EndOfText|> x", "<| endoftext |>", "<|endoftext", "endoftext|>", "  <|endoftext|>  ", "<|pad|>", "[CLS] [SEP] <s> </s> <unk>", "</w>", "cat</w> dog</w>",
    "<|\u017ftartoftext|>", "<|endof\u4e2dtext|>", "it's<|endoftext|>'s", "<|endoftext|>'s",
]
MOJIBAKE = [  # what ftfy would repair: the target leaves it
    "caf\u00c3\u00a9", "\u00e2\u20ac\u0153quoted\u00e2\u20ac\u009d", "l\u00e2\u20ac\u2122humanit\u00c3\u00a9", "\u00f0\u0178\u02dc\u0160", "\u00c2\u00a0x", "&lt;b&gt;", "schÃ¶n",
]
LONG = [
    "a very long prompt about " + ", ".join(f"item number {i}" for i in range(40)),
    "oil painting of a lighthouse at dawn, " * 12,
    "\u732b" * 100, "\U0001f600" * 60, "!" * 300, "1" * 120, "it's " * 50, "caf\u00e9 " * 80,
    "the end is here " * 18 + "lost words: zebra, quokka & na\u00efve caf\u00e9!",
]
SENTENCES = [
    "portrait of an old man", "castle", "red boat on the left", "snowy mountains at sunset", "two trees and the moon",
    "a windmill in the desert at night", "lighthouse by the sea", "watercolour meadow", "neon city in the rain", "still life with fruit",
]
# About 10 kB of mixed text from a fixed recurrence over the sentences and the oddities above.
_POOL = SENTENCES + PLAIN[5:12] + APOSTROPHES + DIGITS + PUNCTUATION + EMOJI + CJK + SCRIPTS


def ten_kilobytes():
    state, parts, size = 12345, [], 0
    while size < 10240:
        state = (state * 1103515245 + 12345) % 2**31
        part = _POOL[(state >> 8) % len(_POOL)]
        parts.append(part)
        size += len(part.encode("utf-8")) + 1
    return " ".join(parts)


def texts():
    groups = [PLAIN, APOSTROPHES, DIGITS, PUNCTUATION, EMOJI, CJK, SCRIPTS, SPACES, CONTROLS, SPECIAL,
              MOJIBAKE, LONG, SENTENCES]
    names = ["plain", "apostrophes", "digits", "punctuation", "emoji", "cjk", "scripts", "spaces", "controls",
             "special", "mojibake", "long", "sentences"]
    out = [(name, text) for name, group in zip(names, groups) for text in group]
    out += [("ten_kilobytes", ten_kilobytes()), ("ten_kilobytes", "plain ascii words, " * 540)]
    return out
