"""A tokenizer of a few words for peers that load one: without a hub there is no other, and the server's usage counts anyway.

Run by the Python of the peer, which has the libraries: `python tokenizer.py FOLDER`.
"""

from __future__ import annotations

import sys

WORDS = 512
TEMPLATE = "{% for message in messages %}{{ message['content'] }} {% endfor %}"


def main(folder: str) -> None:
    """Write the tokenizer into a folder."""
    # They are packages of the peer's environment, not of the project's.
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<unk>", "<s>", "</s>", "hello", *(f"t{number}" for number in range(WORDS))]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>")
    made.chat_template = TEMPLATE
    made.save_pretrained(folder)


if __name__ == "__main__":
    main(sys.argv[1])
