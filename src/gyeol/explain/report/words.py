"""What a report says, in Korean and in English."""

from __future__ import annotations

__all__ = ["FIGURE_NAMES", "TEXTS", "counted", "figure_name", "noun_name", "target_name"]

TEXTS = {
    "ko": {
        "report": "{} 보고서",
        "comparison": "모델 비교",
        "summary": "{estimator} ({task}) · 가중치 {weights:,}개 · {size}",
        "figures": "성적",
        "figures_key": "{name}의 {noun} {count:,}개. 괄호 안은 95 % 신뢰 구간입니다(부트스트랩 {resamples:,}회).",
        "figures_kept": "{measured}에서, 저장된 에폭의 성적입니다. 새 데이터로 재려면 gyeol report 모델 데이터",
        "of": "{of:,}개 가운데 {count:,}개를 쟀습니다.",
        "same_file": "모델이 학습한 파일과 같은 파일입니다. 이 성적은 새 데이터에 대해 알려 주는 것이 거의 없습니다.",
        "figure": "지표",
        "value": "값",
        "interval": "95 % 구간",
        "lower": "낮을수록 좋음",
        "higher": "높을수록 좋음",
        "learning": "학습 곡선",
        "epoch": "에폭",
        "train": "학습",
        "valid": "검증",
        "train_part": "학습 데이터에서 잰 값",
        "best": "세로 점선은 저장된 에폭({})입니다.",
        "no_history": "이 모델에는 학습 기록이 없습니다.",
        "gradients": "시간에 따른 기울기",
        "gradients_key": (
            "손실의 기울기 가운데 몇 걸음 앞선 상태까지 전해지는 비율입니다(마지막 상태에서 1). "
            "빠르게 줄면 먼 과거를 배우지 못하고, 1보다 커지면 폭발합니다."
        ),
        "layer": "{}층",
        "forward": "앞에서부터",
        "reverse": "뒤에서부터",
        "distance": "마지막에서 몇 걸음 앞",
        "kept_epoch": "{} (저장된 에폭)",
        "no_gradients": "기울기를 기록하지 않은 모델: {} (fit --watch-gradients)",
        "counted": "{noun} {count:,}개",
        "confusion": "혼동 행렬",
        "confusion_key": "행은 정답, 열은 모델의 답입니다. 진할수록 그 정답 가운데 비율이 높습니다.",
        "truth": "정답",
        "answer": "답",
        "confused": "가장 많이 헷갈린 쌍",
        "per_class": "클래스별 성적",
        "class": "클래스",
        "count": "개수",
        "predicted": "답한 수",
        "trained": "학습",
        "closer": "자세히",
        "calibration": "확신과 정확도",
        "calibration_key": "기대 보정 오차(ECE) {error:.2f} %. 점선에 가까울수록 확신한 만큼 맞힙니다.",
        "confidence": "확신(답의 확률)",
        "accuracy": "정확도",
        "by_length": "길이에 따른 {}",
        "length": "길이({})",
        "loss_by_place": "줄 안의 자리에 따른 손실",
        "place": "자리(토큰)",
        "error_by_horizon": "예측 거리에 따른 오차(MSE)",
        "horizon": "몇 걸음 뒤",
        "below_quantile": "분위수가 약속한 만큼 들어맞는가",
        "quantile": "분위수",
        "share_below": "그 아래에 있던 비율",
        "points": "예측과 정답",
        "truth_axis": "정답",
        "answer_axis": "예측",
        "residuals": "잔차와 정답",
        "residual": "예측 - 정답",
        "worst": "가장 큰 실수",
        "worst_key": "가장 확신하며 틀렸거나 정답에서 가장 먼 예입니다.",
        "shade_key": "파란 바탕(실선)은 답 쪽으로, 주황 바탕(점선)은 반대쪽으로 기울게 한 부분입니다.",
        "none_wrong": "틀린 예가 없습니다.",
        "line": "{}행",
        "sure": "확신 {}",
        "data": "데이터",
        "lengths": "길이",
        "lengths_value": "{min} ~ {max} {unit}, 중앙값 {median}, 평균 {mean}, 95 %는 {p95} 이하",
        "duplicates": "중복",
        "duplicates_value": "{duplicates:,}개, 그중 정답이 서로 다른 것 {conflicting:,}개",
        "overlap": "학습 데이터에도 있음",
        "left_out": "읽지 못해 뺀 행",
        "speed": "속도",
        "speed_value": "초당 {:,.0f}개",
        "training": "학습",
        "settings": "설정",
        "versions": "판과 기계",
        "table": "표로 보기",
        "contents": "차례",
        "numbers": "(숫자열)",
        "range": "구간",
        "mean": "평균",
        "models": "모델",
        "model": "모델",
        "weights": "가중치",
        "size": "크기",
        "disk": "디스크",
        "difference": "차이",
        "differences": "차이와 유의성",
        "differences_key": (
            "쌍에 적힌 앞 모델에서 뒤 모델을 뺀 값과 95 % 구간(짝지은 부트스트랩). p는 {test}이며, 여러 쌍이면 "
            "Holm의 방법으로 고쳤습니다."
        ),
        "mcnemar": "정확 McNemar 검정",
        "paired": "짝지은 부트스트랩",
        "only": "{}만 맞힘",
        "alone": "혼자 맞힘",
        "pair": "쌍",
        "significant": "우연으로 보기 어려움",
        "chance": "우연일 수 있음",
        "disagree": "엇갈린 예",
        "disagree_key": "한 모델은 맞히고(더 낫고) 다른 모델은 틀린(못한) 예입니다.",
        "agree": "엇갈린 예가 없습니다.",
        "per_second": "초당 예",
        "tokenizers": "토큰이 서로 다른 모델의 퍼플렉서티와 토큰당 손실은 견줄 수 없습니다. 글자당 비트를 보세요.",
    },
    "en": {
        "report": "Report on {}",
        "comparison": "Comparison of models",
        "summary": "{estimator} ({task}) · {weights:,} weights · {size}",
        "figures": "Figures",
        "figures_key": (
            "{count:,} {noun} of {name}. In parentheses: 95 % confidence interval, {resamples:,} bootstrap "
            "samples."
        ),
        "figures_kept": "On {measured}, at the epoch that was kept. For other examples: gyeol report MODEL DATA",
        "of": "{count:,} of {of:,} were measured.",
        "same_file": "This is the file that the model was trained on: these figures say little about new examples.",
        "figure": "Figure",
        "value": "Value",
        "interval": "95 % interval",
        "lower": "lower is better",
        "higher": "higher is better",
        "learning": "Learning curves",
        "epoch": "epoch",
        "train": "training",
        "valid": "validation",
        "train_part": "measured on the training part",
        "best": "The dashed vertical line is the epoch that was kept ({}).",
        "no_history": "This model has no record of its training.",
        "gradients": "Gradient through time",
        "gradients_key": (
            "What part of the loss's gradient reaches the state so many steps before the last (1 at the last). Where "
            "it falls fast, nothing is learned from the distant past; where it rises above 1, it explodes."
        ),
        "layer": "layer {}",
        "forward": "forward",
        "reverse": "reverse",
        "distance": "steps before the last",
        "kept_epoch": "{} (kept)",
        "no_gradients": "No gradients were recorded for {} (fit --watch-gradients).",
        "counted": "{count:,} {noun}",
        "confusion": "Confusion matrix",
        "confusion_key": (
            "Rows are the truth, columns the model's answers; the darker, the larger the share of the row."
        ),
        "truth": "truth",
        "answer": "answer",
        "confused": "Most confused pairs",
        "per_class": "By class",
        "class": "class",
        "count": "count",
        "predicted": "answered",
        "trained": "in training",
        "closer": "A closer look",
        "calibration": "Calibration",
        "calibration_key": (
            "Expected calibration error (ECE) {error:.2f} %. The nearer to the dashed line, the more the model "
            "is right as often as it is sure."
        ),
        "confidence": "confidence (probability of the answer)",
        "accuracy": "accuracy",
        "by_length": "{} by length",
        "length": "length ({})",
        "loss_by_place": "Loss by place in the line",
        "place": "place (token)",
        "error_by_horizon": "Error by horizon (MSE)",
        "horizon": "steps ahead",
        "below_quantile": "Do quantiles hold what they promise?",
        "quantile": "quantile",
        "share_below": "share of outcomes below it",
        "points": "Answers and truth",
        "truth_axis": "truth",
        "answer_axis": "answer",
        "residuals": "Residuals and truth",
        "residual": "answer - truth",
        "worst": "Worst mistakes",
        "worst_key": "What the model was surest of though it was wrong, or what is farthest from the truth.",
        "shade_key": "Blue with a solid line supports the answer, orange with a dotted line opposes it.",
        "none_wrong": "Nothing was wrong.",
        "line": "line {}",
        "sure": "sure by {}",
        "data": "Data",
        "lengths": "Lengths",
        "lengths_value": "{min} to {max} {unit}, median {median}, mean {mean}, 95 % up to {p95}",
        "duplicates": "Duplicates",
        "duplicates_value": "{duplicates:,}, of which {conflicting:,} with another truth",
        "overlap": "Also in the training file",
        "left_out": "Rows that could not be read",
        "speed": "Speed",
        "speed_value": "{:,.0f} a second",
        "training": "Training",
        "settings": "Settings",
        "versions": "Versions and machine",
        "table": "As a table",
        "contents": "Contents",
        "numbers": "(numbers)",
        "range": "range",
        "mean": "mean",
        "models": "Models",
        "model": "model",
        "weights": "weights",
        "size": "size",
        "disk": "on disk",
        "difference": "difference",
        "differences": "Differences and significance",
        "differences_key": (
            "As the pair is written: the first model less the second, with 95 % interval (paired bootstrap). p: "
            "{test}, adjusted by Holm's method where there are several pairs."
        ),
        "mcnemar": "exact McNemar test",
        "paired": "paired bootstrap",
        "only": "only {} right",
        "alone": "right alone",
        "pair": "pair",
        "significant": "hardly by chance",
        "chance": "may be chance",
        "disagree": "Where they disagree",
        "disagree_key": "Examples where one model is right, or better, and another wrong, or worse.",
        "agree": "They disagree nowhere.",
        "per_second": "examples/s",
        "tokenizers": (
            "Perplexity and loss a token cannot be compared between models of other tokens: compare bits per "
            "character."
        ),
    },
}  # fmt: skip

#: Names of figures and scores, Korean and English; others are shown as ``evaluate`` names them.
FIGURE_NAMES = {
    "accuracy": ("정확도", "Accuracy"),
    "macro_f1": ("매크로 F1", "Macro F1"),
    "micro_f1": ("마이크로 F1", "Micro F1"),
    "micro_precision": ("마이크로 정밀도", "Micro precision"),
    "micro_recall": ("마이크로 재현율", "Micro recall"),
    "f1": ("F1", "F1"),
    "precision": ("정밀도", "Precision"),
    "recall": ("재현율", "Recall"),
    "loss": ("손실", "Loss"),
    "perplexity": ("퍼플렉서티", "Perplexity"),
    "bits_per_character": ("글자당 비트", "Bits per character"),
    "bits_from_left": ("왼쪽부터 비트", "Bits from the left"),
    "bits_from_right": ("오른쪽부터 비트", "Bits from the right"),
    "bleu": ("BLEU", "BLEU"),
    "chrf": ("chrF", "chrF"),
    "exact": ("완전 일치", "Exact"),
    "wer": ("단어 오류율", "Word error rate"),
    "cer": ("글자 오류율", "Character error rate"),
    "mse": ("평균 제곱 오차", "Mean squared error"),
    "mae": ("평균 절대 오차", "Mean absolute error"),
    "mase": ("MASE", "MASE"),
    "r2": ("결정 계수 R²", "R²"),
    "pearson": ("피어슨 상관", "Pearson correlation"),
    "spearman": ("스피어만 상관", "Spearman correlation"),
    "pinball": ("핀볼 손실", "Pinball loss"),
    "coverage": ("구간 포함률", "Coverage"),
    "linear_mse": ("선형 기준의 MSE", "MSE of the linear baseline"),
    "linear_mae": ("선형 기준의 MAE", "MAE of the linear baseline"),
    "seasonal_naive_mse": ("계절 반복의 MSE", "MSE of the seasonal naive"),
    "seasonal_naive_mae": ("계절 반복의 MAE", "MAE of the seasonal naive"),
    "spoiled": ("망친 낱말", "Words spoiled"),
    "right": ("정확도", "Accuracy"),
    "share_right": ("맞힌 비율", "Share right"),
    "absolute_error": ("절대 오차", "Absolute error"),
    "squared_error": ("제곱 오차", "Squared error"),
    "loss_per_token": ("토큰당 손실", "Loss per token"),
    "temperature": ("온도", "Temperature"),
    "learning_rate": ("학습률", "Learning rate"),
    "seconds": ("걸린 시간(초)", "Seconds"),
    "validated_share": ("검증에 쓴 비율", "Share validated on"),
    "examples_per_second": ("초당 예", "Examples a second"),
    "weighted_accuracy": ("가중 정확도", "Weighted accuracy"),
}


def figure_name(name: str, language: str) -> str:
    """Name a figure for people.

    Examples
    --------
    >>> figure_name("accuracy", "ko"), figure_name("bleu_4", "en")
    ('정확도', 'BLEU-4')
    """
    if name.startswith("bleu_"):
        return f"BLEU-{name[5:]}"
    if name in FIGURE_NAMES:
        return FIGURE_NAMES[name][0 if language == "ko" else 1]
    return name.replace("_", " ").capitalize()


_NOUNS = {
    "texts": "글", "sequences": "열", "sentences": "문장", "lines": "줄", "pairs": "쌍", "recordings": "녹음",
    "images": "그림", "series": "시계열", "tokens": "토큰", "steps": "걸음", "seconds": "초", "words": "낱말",
    "characters": "글자", "blocks": "구간",
}  # fmt: skip


def noun_name(noun: str, language: str) -> str:
    """Name what examples, or parts of them, are.

    Examples
    --------
    >>> noun_name("texts", "ko"), noun_name("texts", "en")
    ('글', 'texts')
    """
    return _NOUNS.get(noun, noun) if language == "ko" else noun


def counted(count: int, noun: str, language: str) -> str:
    """Write how many examples there are.

    Examples
    --------
    >>> counted(1200, "texts", "ko"), counted(1200, "texts", "en")
    ('글 1,200개', '1,200 texts')
    """
    return TEXTS[language]["counted"].format(noun=noun_name(noun, language), count=count)


def target_name(target: str, language: str) -> str:
    """Name the score that an explanation explains.

    Examples
    --------
    >>> target_name("log-odds of 긍정", "ko"), target_name("log-odds of 긍정", "en")
    ('긍정의 로그 오즈', 'log-odds of 긍정')
    """
    head, _, of = target.partition("log-odds of ")
    return f"{of}의 로그 오즈" if language == "ko" and not head and of else target
