"""Modes: defaults, frames, threads, tasks, decorators."""

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from strategies import assert_runs

from dezero import Config, Variable, config, no_grad, using_config

NAMES = set(config.defaults)


@pytest.fixture(autouse=True)
def defaults_kept():
    before = dict(config.defaults)
    yield
    config.defaults.update(before)


def on():
    return Config.enable_backprop


# -- defaults and frames


def test_defaults():
    assert Config.enable_backprop is True and Config.keep_data is False


def test_assigning_outside_of_a_block_sets_the_process_default():
    Config.enable_backprop = False
    assert config.defaults["enable_backprop"] is False
    seen = []
    thread = threading.Thread(target=lambda: seen.append(on()))
    thread.start()
    thread.join()
    assert seen == [False]


def test_a_block_holds_and_ends():
    with using_config("enable_backprop", False):
        assert on() is False and config.defaults["enable_backprop"] is True
        with using_config("keep_data", True):
            assert (on(), Config.keep_data) == (False, True)
        assert Config.keep_data is False
    assert on() is True and config.modes.get() is None


def test_assigning_inside_of_a_block_lasts_as_long_as_its_innermost_frame():
    with no_grad():
        with using_config("keep_data", True):
            Config.enable_backprop = True
            assert on() is True
        assert on() is False
        Config.keep_data = True
    assert Config.keep_data is False and config.defaults["enable_backprop"] is True


def test_an_exception_ends_the_block():
    with pytest.raises(ZeroDivisionError):
        with no_grad():
            1 / 0
    assert on() is True


def test_blocks_that_end_in_the_wrong_order():
    first, second = no_grad(), using_config("enable_backprop", True)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert on() is True
    second.__exit__(None, None, None)
    assert on() is True and config.modes.get() is None


def test_the_outer_block_that_ends_first_leaves_the_inner_one_alone():
    outer, inner = using_config("enable_backprop", True), no_grad()
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert on() is False
    inner.__exit__(None, None, None)
    assert on() is True


def test_one_object_entered_many_times():
    mode = no_grad()
    with mode:
        with mode:
            assert on() is False
        assert on() is False
    assert on() is True
    with mode:
        assert on() is False
    assert on() is True


def test_leaving_what_was_not_entered_changes_nothing():
    with no_grad():
        no_grad().__exit__(None, None, None)
        assert on() is False


def test_who_keeps_a_copy_of_a_default_is_told():
    told = []
    watchers = list(config.defaults.watchers)
    config.defaults.watchers.append(lambda name, value: told.append((name, value)))
    try:
        Config.keep_data = True
        config.defaults.update(keep_data=False)
    finally:
        config.defaults.watchers[:] = watchers
    assert told == [("keep_data", True), ("keep_data", False)]


def is_recorded():
    return (Variable(np.array(1.0)) * 2.0).creator is not None


@pytest.mark.parametrize("default", [False, True])
def test_the_engine_follows_default_and_frame(default):
    Config.enable_backprop = default
    assert is_recorded() is default
    with using_config("enable_backprop", not default):
        assert is_recorded() is not default
        Config.enable_backprop = default
        assert is_recorded() is default
    assert is_recorded() is default
    with using_config("keep_data", True):
        assert is_recorded() is default


def test_a_context_keeps_its_modes_when_the_block_is_over():
    """The engine asks the context only while some stack of modes lives: none here, one in a copy, none again."""
    assert is_recorded()
    with no_grad():
        context = contextvars.copy_context()
        assert not is_recorded()
    assert is_recorded()
    assert context.run(is_recorded) is False
    assert is_recorded()
    with no_grad():
        del context
        assert not is_recorded()
        with using_config("enable_backprop", True):
            assert is_recorded()
        assert not is_recorded()
    assert is_recorded()


def test_a_context_that_dies_in_another_thread():
    contexts = [[], []]
    for i in range(100):
        with no_grad():
            contexts[i % 2].append(contextvars.copy_context())

    def work(mine):
        while mine:
            assert is_recorded()
            assert mine.pop().run(is_recorded) is False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, contexts)) == [True, True]
    assert is_recorded()


# -- names and values


@pytest.mark.parametrize("name", ["enable_backpropp", "transform", "", "__class__", "values"])
def test_unknown_names(name):
    with pytest.raises(AttributeError, match="no mode"):
        using_config(name, True)
    if not name.startswith("__") and name:
        with pytest.raises(AttributeError, match="enable_backprop, keep_data"):
            getattr(Config, name)
        with pytest.raises(AttributeError, match="no mode"):
            setattr(Config, name, True)
    assert set(config.defaults) == NAMES


@pytest.mark.parametrize("value", [np.True_, 1, True])
def test_truth_values(value):
    with using_config("keep_data", value):
        assert Config.keep_data is True


@pytest.mark.parametrize("value", ["False", None, 2, [], np.ones(2)])
def test_other_values_are_refused(value):
    with pytest.raises(TypeError, match="keep_data"):
        using_config("keep_data", value)
    with pytest.raises(TypeError, match="keep_data"):
        Config.keep_data = value


def test_repr_and_dir():
    assert repr(Config) == "Config(enable_backprop=True, keep_data=False)"
    assert repr(no_grad()) == "using_config('enable_backprop', False)"
    assert {"enable_backprop", "keep_data"} <= set(dir(Config))


# -- threads and tasks


def test_threads_are_isolated_and_begin_with_the_defaults():
    seen, go = [], threading.Barrier(2)

    def other():
        seen.append(on())
        with no_grad():
            go.wait()
            go.wait()
            seen.append(on())

    thread = threading.Thread(target=other)
    with using_config("keep_data", True):
        thread.start()
        go.wait()
        assert on() is True and Config.keep_data is True
        go.wait()
    thread.join()
    assert seen == [True, False]


def test_one_object_in_many_threads():
    mode, wrong = no_grad(), []

    def work():
        for _ in range(1000):
            with mode:
                if on():
                    wrong.append("inside")
            if not on():
                wrong.append("outside")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_tasks_are_isolated():
    async def task(value):
        with using_config("enable_backprop", value):
            for _ in range(5):
                await asyncio.sleep(0)
                assert on() is value

    async def main():
        await asyncio.gather(*(task(i % 2 == 0) for i in range(10)))
        assert on() is True

    asyncio.run(main())


def test_a_task_inherits_and_does_not_give_back():
    async def child():
        assert on() is False
        Config.enable_backprop = True
        assert on() is True

    async def main():
        with no_grad():
            await asyncio.create_task(child())
            assert on() is False

    asyncio.run(main())
    assert on() is True


# -- decorators


def test_decorated_function():
    @no_grad()
    def f(x, *, y=2):
        """Doc."""
        return on(), x, y

    assert f(1, y=3) == (False, 1, 3) and on() is True
    assert (f.__name__, f.__doc__) == ("f", "Doc.")


def test_decorated_recursion():
    @no_grad()
    def f(n):
        return f(n - 1) if n else on()

    assert f(50) is False and on() is True


def test_decorated_generator_has_the_mode_per_resume():
    @no_grad()
    def generate():
        got = yield on()
        yield got, on()
        try:
            yield on()
        except ValueError:
            yield "caught", on()
        return "end"

    generator = generate()
    assert next(generator) is False and on() is True
    assert generator.send("sent") == ("sent", False) and on() is True
    assert next(generator) is False
    assert generator.throw(ValueError) == ("caught", False) and on() is True
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "end" and on() is True


def test_closing_a_decorated_generator():
    closed = []

    @no_grad()
    def generate():
        try:
            yield 1
        finally:
            closed.append(on())

    generator = generate()
    next(generator)
    generator.close()
    assert closed == [False] and on() is True


def test_a_generator_that_raises():
    @no_grad()
    def generate():
        yield 1
        raise KeyError("x")

    generator = generate()
    next(generator)
    with pytest.raises(KeyError):
        next(generator)
    assert on() is True


def test_a_plain_with_around_a_yield_leaks_into_the_consumer():
    def generate():
        with no_grad():
            yield on()

    generator = generate()
    assert next(generator) is False
    assert on() is False, "as documented: decorate the generator instead"
    generator.close()
    assert on() is True


def test_stacked_decorators_on_a_generator():
    @using_config("keep_data", True)
    @no_grad()
    def generate():
        yield on(), Config.keep_data

    assert list(generate()) == [(False, True)] and on() is True


def test_decorated_coroutine():
    @no_grad()
    async def f():
        await asyncio.sleep(0)
        return on()

    async def main():
        task = asyncio.create_task(f())
        await asyncio.sleep(0)
        assert on() is True
        return await task

    assert asyncio.run(main()) is False


def test_decorated_asynchronous_generator():
    closed = []

    @no_grad()
    async def generate():
        try:
            got = yield on()
            yield got, on()
            try:
                yield on()
            except ValueError:
                yield "caught", on()
        finally:
            closed.append(on())

    async def main():
        generator = generate()
        assert await anext(generator) is False and on() is True
        assert await generator.asend("sent") == ("sent", False) and on() is True
        assert await anext(generator) is False
        assert await generator.athrow(ValueError) == ("caught", False) and on() is True
        await generator.aclose()
        assert closed == [False]
        assert [value async for value in generate()] == [False, (None, False), False]

    asyncio.run(main())
    assert on() is True


@pytest.mark.parametrize("thing", [None, 1, "f"])
def test_decorating_what_is_no_function(thing):
    with pytest.raises(TypeError, match="decorates a function"):
        no_grad()(thing)


def test_blocks_that_never_end():
    """A stack of 200 000 frames is freed without recursion."""
    out = assert_runs("""
from contextvars import copy_context
from dezero import Config, no_grad
def deep():
    for _ in range(200_000):
        no_grad().__enter__()
    return Config.enable_backprop
print(copy_context().run(deep), Config.enable_backprop)
""")
    assert out == "False True\n"


def test_modes_are_copied_and_pickled():
    import copy
    import pickle
    from dezero import detect_anomaly, no_grad
    for mode in (no_grad(), using_config("keep_data", True), detect_anomaly()):
        for again in (pickle.loads(pickle.dumps(mode)), copy.copy(mode), copy.deepcopy(mode)):
            assert type(again) is type(mode) and repr(again) == repr(mode)
            with again:
                assert config.modes.get() is not None
    assert config.modes.get() is None
