"""A small T5: a SentencePiece vocabulary learned from a few sentences, and an encoder with random weights.

The vocabulary is laid out as T5's: <pad> 0, </s> 1, <unk> 2, then the unigram pieces, then a hundred <extra_id_*>.
Its normaliser is a compiled character map as T5's nmt_nfkc, but of the rules below: T5's own takes 240 kB.
"""

import io
import json

import sentencepiece
import torch
from family_tools import WORK
from sentencepiece import sentencepiece_model_pb2
from tiny_networks import CORPUS
from transformers import T5Config, T5EncoderModel, T5TokenizerFast

PIECES = 200
MORE = """A long road runs through the forest towards the mountains, and a small river follows it for a while.
She reads the letter twice, folds it carefully and puts it back into the drawer of the desk.
In 1984 there were 25 houses, 310 people & 67 sheep on the island; today (2019) nobody lives there.
"What a view!" he said. "Isn't it?" Signs with the text 'OPEN' hang over the door: red, green, and blue.
Caf\u00e9 cr\u00e8me, na\u00efve fa\u00e7ade, \u00fcber die Stra\u00dfe"""


def rules():
    """{source: target}: what the character map does to a text, a choice of what nmt_nfkc does."""
    out = {chr(code): " " for code in (0x09, 0x0A, 0x0D, 0xA0, 0x1680, 0x2003, 0x200B, 0x202F, 0x3000, 0xFEFF)}
    out |= {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}  # full width
    out |= {"\ufb01": "fi", "\ufb02": "fl", "\u00bd": "1\u20442", "\u00b2": "2", "\u2122": "TM", "\u2026": "..."}
    accents = {"e\u0301": "\u00e9", "e\u0300": "\u00e8", "i\u0308": "\u00ef", "u\u0308": "\u00fc", "c\u0327": "\u00e7"}
    return out | accents


def spiece():
    """The bytes of spiece.model. The trainer is deterministic with one thread."""
    table = "".join(
        " ".join(f"{ord(c):X}" for c in source) + "\t" + " ".join(f"{ord(c):X}" for c in target) + "\n"
        for source, target in rules().items()
    )
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / "t5-rules.tsv"
    path.write_text(table)
    out = io.BytesIO()
    sentences = (CORPUS + "\n" + MORE).splitlines()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=out, model_type="unigram", vocab_size=PIECES,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, pad_piece="<pad>", character_coverage=1.0, num_threads=1,
        normalization_rule_tsv=str(path), minloglevel=2,
    )
    model = sentencepiece_model_pb2.ModelProto.FromString(out.getvalue())
    model.ClearField("trainer_spec")  # it names files of this machine; nothing of it is read but these two
    model.trainer_spec.model_type = sentencepiece_model_pb2.TrainerSpec.UNIGRAM
    model.trainer_spec.vocab_size = len(model.pieces)
    model.trainer_spec.pad_id, model.trainer_spec.eos_id, model.trainer_spec.unk_id = 0, 1, 2
    model.trainer_spec.bos_id = -1
    model.trainer_spec.pad_piece = "<pad>"
    model.normalizer_spec.ClearField("normalization_rule_tsv")
    model.normalizer_spec.name = "user_defined"
    return model.SerializeToString()


def tokenizer(max_length=512):
    folder = WORK / "t5"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spiece.model").write_bytes(spiece())
    return T5TokenizerFast.from_pretrained(folder, model_max_length=max_length, legacy=True)


def write_compact(folder):
    """The json files on one line each: a hundred <extra_id_*> take four times the room otherwise."""
    for path in folder.glob("*.json"):
        path.write_text(json.dumps(json.loads(path.read_text()), ensure_ascii=False, separators=(",", ":")))


def encoder(seed, vocab_size, width):
    torch.manual_seed(seed)
    model = T5EncoderModel(
        T5Config(
            vocab_size=vocab_size, d_model=width, d_kv=8, d_ff=width, num_layers=2, num_heads=2,
            feed_forward_proj="gated-gelu", is_encoder_decoder=False, use_cache=False, dropout_rate=0.0,
        )
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "shared" in name:
                parameter.normal_(0, 1.0)
            elif "relative_attention_bias" in name:
                parameter.normal_(0, 1.0)
            elif "final_layer_norm" in name:
                parameter.fill_(4.0)
            elif parameter.ndim == 2:
                parameter.normal_(0, 0.25)
    return model.eval()
