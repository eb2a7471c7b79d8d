"""`hello_orchestrator` and `say_hello`."""

from tests.app import replay


def test_hello_orchestrator_chains_three_greetings(functions):
    instance = replay.Instance(functions["hello_orchestrator"], None).start()
    for count, city in enumerate(("Tokyo", "Seattle", "London"), start=1):
        assert len(instance.scheduled) == count
        asked = instance.scheduled[-1]
        assert (asked.name, asked.input) == ("say_hello", city)
        instance.complete((asked, functions["say_hello"](city=city)))

    assert instance.is_done
    assert instance.output == ["Hello Tokyo!", "Hello Seattle!", "Hello London!"]


def test_hello_orchestrator_ignores_its_input(functions):
    instance = replay.Instance(functions["hello_orchestrator"], replay.encoded({"taskCount": 5})).start()
    assert instance.error is None
    assert [asked.input for asked in instance.scheduled] == ["Tokyo"]


def test_hello_orchestrator_logs_each_step_once_however_often_it_is_replayed(functions, caplog):
    caplog.set_level("INFO", "app")
    replay.run_tree(functions["hello_orchestrator"], None, lambda city: functions["say_hello"](city=city))

    greeted = [record.message for record in caplog.records if record.message.startswith("the-instance")]
    assert len(greeted) == 2
    assert all("[process " in record.message and "thread " in record.message for record in caplog.records)
