"""Tests of word vectors that the catalogue knows: analogies, and how alike people find two words."""

from __future__ import annotations

from gyeol.data.catalogue.remote_file import GITHUB, Dataset, same

__all__ = ["WORD_SETS"]

_WORD2VEC = f"{GITHUB}/tmikolov/word2vec/20c129af10659f7c50e86e3be406df663beff438"
_SIMILAR = f"{GITHUB}/mfaruqui/eval-word-vectors/94b3dd9fdbac7ed08dbee7179cd5ee464acf0594/data/word-sim"
_KOREAN = f"{GITHUB}/SungjoonPark/KoreanWordVectors/e34ba28e275bfd4a5d185e7718b147bc3177d8f7"

WORD_SETS = (
    Dataset(
        "words_en",
        "English analogies (Mikolov) and similarities (WordSim-353, SimLex-999, rare words)",
        "analogies Apache-2.0, the others MIT",
        "https://github.com/tmikolov/word2vec",
        "words",
        {
            "analogies": same(
                f"{_WORD2VEC}/questions-words.txt",
                "8c29b3332afc46f3fb8be04cb5297bf96f39aa7131272dff57869b4485b22a36",
                603_955,
                "wordvec_eval/questions-words.txt",
            ),
            "wordsim353": same(
                f"{_SIMILAR}/EN-WS-353-ALL.txt",
                "ce12919b240af45bdf46d243601eaca2b6212b159b5e7e9b435ee7ee40c5619c",
                7_405,
                "wordvec_eval/EN-WS-353-ALL.txt",
            ),
            "simlex999": same(
                f"{_SIMILAR}/EN-SIMLEX-999.txt",
                "405394ffb7d25f6d0e3c041f87c9f27d29dc6b047506769953e85c4523b11685",
                18_024,
                "wordvec_eval/EN-SIMLEX-999.txt",
            ),
            "rare": same(
                f"{_SIMILAR}/EN-RW-STANFORD.txt",
                "5108d54dfc746f44f9c3d7e31d2857c37cf71430bc1594175a61a3b89bb0ae1f",
                49_851,
                "wordvec_eval/EN-RW-STANFORD.txt",
            ),
        },
        note="19,544 analogies in 14 groups; 353, 999 and 2,034 pairs. The hashes are those of the copy in GYEOL_DATA.",
    ),
    Dataset(
        "words_ko",
        "Korean analogies and similarities (Park et al. 2018)",
        "no licence file; cite Park et al. 2018",
        "https://github.com/SungjoonPark/KoreanWordVectors",
        "words",
        {
            "analogies": same(
                f"{_KOREAN}/word_analogy_korean.txt",
                "b6dea84dda708883948de3b5922604acbe8fe71ed137c005c5b58b2cccbe4e96",
                408_970,
                "wordvec_eval/word_analogy_korean.txt",
            ),
            "wordsim353": same(
                f"{_KOREAN}/WS353_korean.csv",
                "1a2d9048dfde1a63e864c59f292db42ebe62b63469900d08bb87b074cc96306e",
                7_378,
                "wordvec_eval/WS353_korean.csv",
            ),
        },
        note="10,000 analogies in 10 groups, 353 pairs. The hashes are those of the copy in GYEOL_DATA.",
    ),
)
