"""Collections of spelling errors, and clean Korean sentences to make errors of, that the catalogue knows."""

from __future__ import annotations

from gyeol.data.catalogue.remote_file import Dataset, RemoteFile

__all__ = ["SPELLING_SETS"]


def _local(path: str, sha256: str, size: int) -> RemoteFile:
    return RemoteFile(None, None, size, path, sha256)


SPELLING_SETS = (
    Dataset(
        "spelling_en",
        "English spelling errors: Birkbeck, Aspell, Wikipedia, and Norvig's first test set",
        "Birkbeck: Oxford Text Archive (research); Norvig's test sets MIT; the others without a licence file",
        "https://norvig.com/spell-correct.html",
        "spell",
        {
            "birkbeck": _local(
                "spelling_en/birkbeck.txt", "92024e474b4ee6d17b92b7b5de535c8e708f9caa665806a784cc60ef161716ad", 368_828
            ),
            "aspell": _local(
                "spelling_en/aspell.txt", "b677da28a0b2089d62f2f8c83f7577c683ec99e3f2b67d4cf3095422bf21aaca", 9_326
            ),
            "wikipedia": _local(
                "spelling_en/wikipedia.txt", "2113302a9a96bca923296ea2718701828427e93f6dc8f81b1f7e2970a023fe10", 43_848
            ),
            "test": _local(
                "spelling_en/spell-testset1.txt",
                "a5a152f32d66001fd9762e6745357a744e415eae064bd8cb2f4a42471f850724",
                3_780,
            ),
        },
        note="Lines 'meant: typed typed ...'. 248 of the 270 pairs of the test set stand in the other three lists, "
        "too: leave them out of the training, as gyeol reproduce spelling-en does.",
    ),
    Dataset(
        "ud_korean",
        "Korean sentences with parts of speech and dependencies (UD Korean GSD): development and test part",
        "CC BY-SA 4.0",
        "https://github.com/UniversalDependencies/UD_Korean-GSD",
        "tag",
        {
            "valid": _local(
                "ud_korean_gsd/ko_gsd-ud-dev.conllu.gz",
                "40426e354ac8b8a695e02c99e15b947ca80d5c93a3bebf818f5b7b99c7b2c36c",
                356_588,
            ),
            "test": _local(
                "ud_korean_gsd/ko_gsd-ud-test.conllu.gz",
                "c67ecee1485922d92e739378dcf6eb0b0acd16e00efa1ced00ca13a4e346c5e4",
                342_888,
            ),
        },
        note="950 and 989 sentences in CoNLL-U; the training part is not in GYEOL_DATA.",
    ),
)
