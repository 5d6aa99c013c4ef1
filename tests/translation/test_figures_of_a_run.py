"""What `evaluate` says of a run that translates, with the untouched input beside."""

import sparring
from sparring.runs.folder import Run


def test_what_is_made_is_nearer_to_the_target_than_the_input_is(negative: Run) -> None:
    evaluation = sparring.evaluate(negative, quiet=True)
    # As many samples as there are held-out sources: none is made twice of the same.
    assert evaluation.count == 24
    figures = {name: figure.value for name, figure in evaluation.figures.items()}
    assert figures["PSNR"] > 40 > figures["PSNR of the input"]
    assert figures["SSIM"] > 0.99 > figures["SSIM of the input"]
    assert figures["fid"] < 0.1 * figures["fid_of_input"]
    for name in ("PSNR of the input", "fid_of_input"):
        figure = evaluation.figures[name]
        assert figure.low < figure.value < figure.high


def test_there_is_no_input_where_samples_are_made_of_noise(tiny_npz: object, tmp_path: object) -> None:
    run = sparring.train(
        "gan", data=f"npz:{tiny_npz}", out=f"{tmp_path}/run", max_steps=1, quiet=True, threads=1
    )
    assert "fid_of_input" not in sparring.evaluate(run, count=100, quiet=True).figures
