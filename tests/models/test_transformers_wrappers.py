"""Models of transformers as contenders: its own numbers, masks, gradients, and what goes wrong in one line."""

from pathlib import Path

import numpy as np
import pytest
import torch

from bakeoff.data.text.spec import PAD, START
from bakeoff.data.text.vocabularies import ByteTokenizer
from bakeoff.errors import CheckpointError, ConfigError, DataError, EnvironmentFault
from bakeoff.models.contracts import select_rows
from bakeoff.models.cost import build_on_meta, count_parameters, flops_per_example
from bakeoff.models.wrappers import transformers_source
from bakeoff.models.wrappers.transformers_model import TransformersModel
from bakeoff.tasks.translation.network import PretrainedEncoderDecoder
from tests.models.tiny_transformers import TINY, saved

pytest.importorskip("transformers")


def made(kind: str, **arguments: object) -> TransformersModel:
    return TransformersModel(architecture=kind, config=TINY[kind], **arguments)


def tokens_of(tokenizer, *texts: str) -> torch.Tensor:
    """Our tokens, padded with 0."""
    rows = [ids.astype(np.int64) for ids in tokenizer.encode_batch(texts)]
    longest = max(map(len, rows))
    return torch.from_numpy(np.stack([np.pad(row, (0, longest - len(row))) for row in rows]))


TEXTS = ("alpha beta gamma delta epsilon", "kappa alpha", "zeta eta theta")


@pytest.mark.parametrize("kind", ["bert", "roberta", "gpt2", "t5", "llama"])
def test_pretrained_hidden_states_are_the_librarys(kind: str, tmp_path: Path) -> None:
    network, tokenizer = saved(kind, tmp_path)
    encoder = TransformersModel(architecture=str(tmp_path), pretrained=True).encoder(tokenizer, max_length=8).eval()
    tokens_BT = tokens_of(tokenizer, *TEXTS)
    with torch.no_grad():
        ours_BTD = encoder(tokens_BT, padding_mask_BT=tokens_BT == PAD)
        for row, text in enumerate(TEXTS):
            ids = torch.tensor([tokenizer._library.encode(text, add_special_tokens=False).ids])
            base = network.get_encoder() if kind == "t5" else getattr(network, network.base_model_prefix, network)
            theirs_1TD = base(input_ids=ids).last_hidden_state
            torch.testing.assert_close(ours_BTD[row, : ids.shape[1]], theirs_1TD[0], atol=1e-5, rtol=1e-4)
    assert encoder.width == 16


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_pretrained_logits_are_the_librarys_in_our_order(kind: str, tmp_path: Path) -> None:
    network, tokenizer = saved(kind, tmp_path)
    model = TransformersModel(architecture=str(tmp_path), pretrained=True, causal=True)
    predictor = model.predictor(tokenizer, max_length=8).eval()
    tokens_BT = tokens_of(tokenizer, TEXTS[0])
    own = torch.from_numpy(tokenizer.own_ids(np.arange(tokenizer.vocab_size)))
    with torch.no_grad():
        ours_TV = predictor(tokens_BT)[0]
        theirs_TV = network(input_ids=torch.from_numpy(tokenizer.own_ids(tokens_BT.numpy()))).logits[0]
    known = own < theirs_TV.shape[1]
    assert ours_TV.shape[1] == tokenizer.vocab_size
    torch.testing.assert_close(ours_TV[:, known], theirs_TV[:, own[known]], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_pretrained_translations_are_the_librarys(kind: str, tmp_path: Path) -> None:
    network, tokenizer = saved(kind, tmp_path)
    model = TransformersModel(architecture=str(tmp_path), pretrained=True)
    translator = model.translator(tokenizer, tokenizer, max_source_length=8, max_target_length=8).eval()
    source_BS, target_BT = tokens_of(tokenizer, *TEXTS), tokens_of(tokenizer, *TEXTS[::-1])
    target_BT = torch.cat([torch.full((3, 1), tokenizer.start), target_BT], dim=1)
    with torch.no_grad():
        ours_BTV = translator.logits(source_BS, target_BT)
        for row in range(3):
            source, target = source_BS[row][source_BS[row] != PAD], target_BT[row][target_BT[row] != PAD]
            own_source, own_target = (torch.from_numpy(tokenizer.own_ids(x.numpy()))[None] for x in (source, target))
            own_target[0, 0] = network.config.decoder_start_token_id
            theirs_TV = network(input_ids=own_source, decoder_input_ids=own_target).logits[0]
            own = torch.from_numpy(tokenizer.own_ids(np.arange(theirs_TV.shape[1])))
            ours_TV = ours_BTV[row, : len(target), : theirs_TV.shape[1]]
            torch.testing.assert_close(ours_TV, theirs_TV[:, own], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["gpt2", "llama", "bert"])
def test_steps_of_a_language_model_are_its_forward(kind: str) -> None:
    changes = {"is_decoder": True} if kind == "bert" else {}
    model = TransformersModel(architecture=kind, config=TINY[kind] | changes, causal=True)
    predictor = model.predictor(ByteTokenizer(), max_length=16).eval()
    tokens_BT = torch.randint(4, 260, (3, 12), generator=torch.Generator().manual_seed(0))
    rows = torch.tensor([2, 2, 0])
    with torch.no_grad():
        expected_BTV = predictor(tokens_BT)
        state = predictor.initial_state(3)
        for t in range(12):
            if t == 6:
                kept = select_rows(state, rows)
            logits_BV, state = predictor.step(tokens_BT[:, t], state)
            torch.testing.assert_close(logits_BV, expected_BTV[:, t], atol=1e-5, rtol=1e-4)
        again_BV, _ = predictor.step(tokens_BT[rows, 6], kept)
    torch.testing.assert_close(again_BV, expected_BTV[rows, 6], atol=1e-5, rtol=1e-4)
    assert state[1], "keys and values are kept"


def test_an_architecture_that_keeps_more_than_keys_and_values_reads_all_again() -> None:
    config = {"hidden_size": 16, "num_hidden_layers": 2, "state_size": 4}
    model = TransformersModel(architecture="mamba", config=config, causal=True)
    predictor = model.predictor(ByteTokenizer(), max_length=8).eval()
    tokens_BT = torch.randint(4, 260, (2, 5), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected_BTV = predictor(tokens_BT)
        state = predictor.initial_state(2)
        for t in range(5):
            logits_BV, state = predictor.step(tokens_BT[:, t], state)
            torch.testing.assert_close(logits_BV, expected_BTV[:, t], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_steps_of_a_translation_are_its_logits(kind: str) -> None:
    translator = made(kind).translator(ByteTokenizer(), ByteTokenizer(), max_source_length=9, max_target_length=9)
    translator.eval()
    source_BS = torch.randint(4, 260, (3, 9), generator=torch.Generator().manual_seed(0))
    source_BS[1, 5:] = PAD
    target_BT = torch.randint(4, 260, (3, 7), generator=torch.Generator().manual_seed(1))
    target_BT[:, 0] = START
    rows = torch.tensor([1, 1, 0])
    with torch.no_grad():
        expected_BTV = translator.logits(source_BS, target_BT)
        state = translator.initial_state(source_BS)
        for t in range(7):
            if t == 3:
                kept = select_rows(state, rows)
            logits_BV, state = translator.step(target_BT[:, t], state)
            torch.testing.assert_close(logits_BV, expected_BTV[:, t], atol=1e-5, rtol=1e-4)
        again_BV, _ = translator.step(target_BT[rows, 3], kept)
    torch.testing.assert_close(again_BV, expected_BTV[rows, 3], atol=1e-5, rtol=1e-4)
    assert state[3], "keys and values are kept"


def test_an_architecture_that_asks_for_its_encoders_output_by_name_translates() -> None:
    config = {
        "hidden_size": 16,
        "num_encoder_layers": 2,
        "num_decoder_layers": 2,
        "num_encoder_attention_heads": 2,
        "num_decoder_attention_heads": 2,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
    }
    model = TransformersModel(architecture="prophetnet", config=config)
    translator = model.translator(ByteTokenizer(), ByteTokenizer(), max_source_length=9, max_target_length=9).eval()
    source_BS, target_BT = torch.full((1, 4), 9), torch.full((1, 1), START)
    with torch.no_grad():
        logits_BV, _ = translator.step(target_BT[:, 0], translator.initial_state(source_BS))
        torch.testing.assert_close(logits_BV, translator.logits(source_BS, target_BT)[:, 0], atol=1e-5, rtol=1e-4)


def network_of(kind: str, **arguments: object):
    """The network that a task of that type's own would take, and a scalar of it that depends on everything."""
    tokens_BT = torch.randint(4, 260, (3, 8), generator=torch.Generator().manual_seed(0))
    if kind in ("t5", "bart"):
        network = made(kind, **arguments).translator(
            ByteTokenizer(), ByteTokenizer(), max_source_length=8, max_target_length=8
        )
        return network, lambda: network.logits(tokens_BT, tokens_BT)
    if kind in ("gpt2", "llama"):
        network = made(kind, causal=True, **arguments).predictor(ByteTokenizer(), max_length=8)
    else:
        network = made(kind, **arguments).encoder(ByteTokenizer(), max_length=8)
    return network, lambda: network(tokens_BT)


@pytest.mark.parametrize("kind", TINY)
def test_every_trainable_parameter_gets_a_gradient(kind: str) -> None:
    torch.manual_seed(0)
    network, run = network_of(kind)
    outputs = run()
    (outputs * torch.randn(outputs.shape)).sum().backward()
    assert [name for name, p in network.named_parameters() if p.requires_grad and p.grad is None] == []


@pytest.mark.parametrize("kind", ["bert", "gpt2", "t5"])
def test_what_is_frozen_stays(kind: str) -> None:
    whole = count_parameters(network_of(kind)[0])
    network, _ = network_of(kind, freeze="embeddings")
    table = network.model.get_input_embeddings().weight
    assert count_parameters(network) == whole - table.numel()
    network, _ = network_of(kind, freeze="all_but_head")
    head = {"bert": 0}.get(kind, table.numel())  # the classifier's head is the task's
    assert count_parameters(network) == head


@pytest.mark.parametrize("kind", TINY)
def test_sizes_and_costs_are_known_without_numbers(kind: str) -> None:
    network, _ = network_of(kind)
    empty = build_on_meta(lambda: network_of(kind)[0])
    assert count_parameters(empty) == count_parameters(network)
    if kind in ("t5", "bart"):
        network = PretrainedEncoderDecoder(network, max_target_length=8)
        flops = flops_per_example(network, lambda n: (torch.full((n, 8), 5), torch.full((n, 8), 5)))
    else:
        flops = flops_per_example(network, lambda n: torch.full((n, 8), 5))
    dense = sum(part.weight.numel() for part in network.modules() if isinstance(part, torch.nn.Linear))
    assert 6 * 8 * dense * 0.9 < flops < 6 * 8 * dense * 1.5 or kind == "gpt2"  # whose layers are of another class


def test_an_encoder_decoder_classifies_by_its_encoder_and_keeps_no_decoder() -> None:
    encoder = made("t5").encoder(ByteTokenizer(), max_length=8)
    assert not [name for name, _ in encoder.named_parameters() if "decoder" in name]


def test_padding_never_changes_real_tokens() -> None:
    for kind in ("bert", "roberta", "gpt2", "t5"):
        encoder = made(kind).encoder(ByteTokenizer(), max_length=9).eval()
        tokens_BT = torch.randint(4, 260, (2, 9), generator=torch.Generator().manual_seed(0))
        alone_TD = encoder(tokens_BT[:1, :5], padding_mask_BT=torch.zeros(1, 5, dtype=torch.bool))[0]
        tokens_BT[0, 5:] = PAD
        together_BTD = encoder(tokens_BT, padding_mask_BT=tokens_BT == PAD)
        torch.testing.assert_close(together_BTD[0, :5], alone_TD, atol=1e-5, rtol=1e-4)


def test_a_model_that_cannot_leave_padding_out_is_refused() -> None:
    config = {"hidden_size": 16, "num_hidden_layers": 2, "intermediate_size": 32}
    with pytest.raises(ConfigError, match="fnet: lets the padding of a batch") as caught:
        TransformersModel(architecture="fnet", config=config).encoder(ByteTokenizer(), max_length=8)
    assert caught.value.code == "config.model_misfit"


def test_a_model_that_dimly_sees_the_future_is_no_language_model() -> None:
    config = {"d_model": 16, "n_layer": 2, "n_head": 2, "d_inner": 32, "d_head": 8}
    model = TransformersModel(architecture="xlnet", config=config, causal=True)
    torch.manual_seed(0)
    with pytest.raises(ConfigError, match="xlnet: sees the tokens that it should predict"):
        model.predictor(ByteTokenizer(), max_length=8)


def test_values_that_follow_from_changed_ones_are_changed_with_them() -> None:
    model = TransformersModel(architecture="qwen2", config=TINY["llama"], causal=True)
    assert len(model.source.config.layer_types) == 2
    model.predictor(ByteTokenizer(), max_length=8)


def test_a_network_that_cannot_be_run_says_so_in_one_line() -> None:
    model = TransformersModel(architecture="led", config=TINY["bart"] | {"attention_window": 4})
    with pytest.raises(ConfigError, match="of type led can't be run here") as caught:
        model.translator(ByteTokenizer(), ByteTokenizer(), max_source_length=9, max_target_length=9)
    assert "\n" not in caught.value.line()
    with pytest.raises(ConfigError, match="canine: has no table with a row a token"):
        TransformersModel(architecture="canine", config=TINY["bert"]).encoder(ByteTokenizer(), max_length=8)


def test_a_model_that_reads_both_ways_is_no_language_model() -> None:
    with pytest.raises(ConfigError, match="gpt2") as caught:
        made("bert", causal=True)
    assert caught.value.code == "config.model_misfit"
    with pytest.raises(ConfigError, match="gpt2"):
        made("t5", causal=True)


def test_only_an_encoder_decoder_translates() -> None:
    with pytest.raises(ConfigError, match="t5"):
        made("bert").translator(ByteTokenizer(), ByteTokenizer(), max_source_length=8, max_target_length=8)


def test_the_names_nearest_to_an_unknown_type_are_given() -> None:
    with pytest.raises(ConfigError, match=r"model\.name=brt.*bert") as caught:
        TransformersModel(architecture="brt")
    assert caught.value.code == "config.unknown_architecture"
    with pytest.raises(ConfigError, match="there is no folder"):
        TransformersModel(architecture="./nowhere")


def test_a_change_of_nothing_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="hidden_size"):
        TransformersModel(architecture="bert", config={"hiden_size": 8})
    with pytest.raises(ConfigError, match="tokenizer"):
        TransformersModel(architecture="bert", config={"vocab_size": 8})


def test_what_the_architecture_refuses_is_one_line() -> None:
    with pytest.raises(ConfigError, match=r"model\.config: .*heads"):
        TransformersModel(architecture="bert", config=TINY["bert"] | {"hidden_size": 17}).encoder(
            ByteTokenizer(), max_length=8
        )
    with pytest.raises(ConfigError, match=r"model\.config: .*hidden_size"):
        TransformersModel(architecture="bert", config={"hidden_size": "wide"})


def test_hub_models_without_a_network_say_so_in_one_line(monkeypatch) -> None:
    monkeypatch.setattr(transformers_source.constants, "HF_HUB_OFFLINE", True)
    for pretrained in (True, False):
        with pytest.raises(EnvironmentFault) as caught:
            TransformersModel(architecture="nobody/nothing", pretrained=pretrained)
        assert caught.value.code == "env.offline"
        assert "\n" not in caught.value.line()


def test_pretrained_weights_need_their_own_tokenizer(tmp_path: Path) -> None:
    saved("bert", tmp_path / "one")
    _, other = saved("roberta", tmp_path / "other")
    model = TransformersModel(architecture=str(tmp_path / "one"), pretrained=True)
    for tokenizer in (ByteTokenizer(), other):
        with pytest.raises(DataError, match=r"data\.tokenizer\.kind=pretrained data\.tokenizer\.path=") as caught:
            model.encoder(tokenizer, max_length=8)
        assert caught.value.code == "data.other_tokenizer"


def test_pickled_weights_are_never_read(tmp_path: Path) -> None:
    network, _ = saved("bert", tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="could run code"):
        TransformersModel(architecture=str(tmp_path), pretrained=True)


def test_weights_in_part_are_refused(tmp_path: Path) -> None:
    _, tokenizer = saved("bert", tmp_path)
    model = TransformersModel(architecture=str(tmp_path), pretrained=True, config={"num_hidden_layers": 3})
    with pytest.raises(CheckpointError, match=r"lack .*layer\.2\..* more"):
        model.encoder(tokenizer, max_length=8)
    model = TransformersModel(architecture=str(tmp_path), pretrained=True, config={"intermediate_size": 64})
    with pytest.raises(CheckpointError):
        model.encoder(tokenizer, max_length=8)


@pytest.mark.parametrize("kind", ["bert", "gpt2"])
def test_sequences_beyond_the_models_positions_are_refused(kind: str) -> None:
    model = TransformersModel(architecture=kind, config=TINY[kind] | {"max_position_embeddings": 8})
    with pytest.raises(ConfigError, match=r"data\.max_length.*8"):
        model.encoder(ByteTokenizer(), max_length=9)
