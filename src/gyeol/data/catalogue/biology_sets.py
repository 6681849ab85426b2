"""Biological sequences that the catalogue knows: promoters, and proteins with their secondary structure."""

from __future__ import annotations

from gyeol.data.catalogue.remote_file import GITHUB, Dataset, same

__all__ = ["BIOLOGY_SETS"]

_PROMOTERS = f"{GITHUB}/solovictor/CNNPromoterData/b4d2949e9bc5206f3049b35a488b036125ccc653"
_SCRATCH = (
    f"{GITHUB}/AIDreamer/Protein-Secondary-Structure-Classification/82e6a7203dfdce182836e70ac45d6e9d013c057d/"
    "Protein%20Secondary%20Structure%20Prediction%20-%20Convolutional%20Neural%20Network/Scratch-1D%20Datasets"
)
_CB513 = f"{GITHUB}/shahid-43/protein_secondary_structure_prediction/0641ab2c3cb5415ff0139c8b0d2486fc7eea93b7/data"

_COPIED = "The hashes were taken from the copy in GYEOL_DATA; the files at the public home were not seen."

BIOLOGY_SETS = (
    Dataset(
        "dna_promoters",
        "DNA: promoters and other pieces of E. coli, Bacillus, Arabidopsis and mouse",
        "no licence file; cite Umarov and Solovyev 2017",
        "https://github.com/solovictor/CNNPromoterData",
        "classify",
        {
            "ecoli.promoter": same(
                f"{_PROMOTERS}/Ecoli_prom.fa",
                "1712f385e357491d309bd14f8fd4e8de3d018bd418402cab3c6014232197ce5e",
                102_427,
                "dna_promoters/Ecoli_prom.fa",
            ),
            "ecoli.other": same(
                f"{_PROMOTERS}/Ecoli_non_prom.fa",
                "cf5f078da7e56c5f38c8abd8ffaeaa227863bff4f5c249f2cfda61cb5331c774",
                273_716,
                "dna_promoters/Ecoli_non_prom.fa",
            ),
            "bacillus.promoter": same(
                f"{_PROMOTERS}/Bacillus_prom.fa",
                "ed567448ac42e2b7958f58c971e2b8e95d7e28e266a1d8d778fec03de0d8bb68",
                32_852,
                "dna_promoters/Bacillus_prom.fa",
            ),
            "bacillus.other": same(
                f"{_PROMOTERS}/Bacillus_non_prom.fa",
                "ffb3bc854a6b410ce692a0dea47838dadb6c0f6bdeaf41bcbffe24108b4f7fad",
                92_000,
                "dna_promoters/Bacillus_non_prom.fa",
            ),
            "arabidopsis.tata": same(
                f"{_PROMOTERS}/Arabidopsis_tata.fa",
                "2beaa31c2797e7f8d193b6015b7239a89509341f59dde57d904d8664e492901b",
                479_040,
                "dna_promoters/Arabidopsis_tata.fa",
            ),
            "arabidopsis.non_tata": same(
                f"{_PROMOTERS}/Arabidopsis_non_tata.fa",
                "93f7c91d25bd18d7640c09f7fcd6052abf9f6f4425eda56dbebe6cc6ecfa2d1b",
                1_889_600,
                "dna_promoters/Arabidopsis_non_tata.fa",
            ),
            "arabidopsis.other": same(
                f"{_PROMOTERS}/Arabidopsis_non_prom.fa",
                "1ab75553cdbf99d54e56928a56b3f35eb14a5f3bbb31bba7c1102b406a615c90",
                993_473,
                "dna_promoters/Arabidopsis_non_prom.fa",
            ),
            "mouse.tata": same(
                f"{_PROMOTERS}/Mouse_tata.fa",
                "754bde10d814e65ab74ab94c249b1cd3c483ab96a3a7ad7a6f85a6451353f4cd",
                405_365,
                "dna_promoters/Mouse_tata.fa",
            ),
            "mouse.other": same(
                f"{_PROMOTERS}/Mouse_nonprom.fa",
                "44fc703c470dd77c4c44ceb0b8b40f198742cd9781055fda9d1328f89b688026",
                1_245_290,
                "dna_promoters/Mouse_nonprom.fa",
            ),
        },
        note="FASTA: 81 letters a piece (bacteria) or 251. To train on them, put the files of one organism into a "
        f"folder of their own: each is a class. {_COPIED}",
    ),
    Dataset(
        "protein_ss",
        "Proteins and their secondary structure: SCRATCH-1D to learn from, CB513 to be measured on",
        "no licence file",
        "https://scratch.proteomics.ics.uci.edu",
        "tag",
        {
            "sequences": same(
                f"{_SCRATCH}/Proteins.fa",
                "8d3fc4a090a244ec47b538266a99b8a591a948accb69ffa919862b4b15152436",
                1_123_807,
                "protein_ss_scratch1d/Proteins.fa",
            ),
            "states": same(
                f"{_SCRATCH}/SSpro.dssp",
                "24502ce1fb6aa35dec73111c577f0af6ba48b47248ca131651f27f10d817b69d",
                1_123_807,
                "protein_ss_scratch1d/SSpro.dssp",
            ),
            "test": same(
                f"{_CB513}/CB513.csv",
                "35e442debd6faea0aa156551cd65dc9ce1f96b59023eef08bce8522e20f8bb0d",
                1_585_692,
                "protein_ss_cb513/CB513.csv",
            ),
        },
        input="input",
        target="dssp3",
        note="5,772 chains, letters in one file and states (H, E, C) in another, and 511 chains. 48 of the first are "
        f"copies of chains of the second: leave them out, as gyeol reproduce protein-ss does. {_COPIED}",
    ),
)
