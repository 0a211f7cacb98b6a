"""Work on the media loop in small pieces."""

import asyncio
import threading
import time

from hotline.process.budgeted import BudgetedScheduler


def test_everything_runs_once_and_in_order_from_any_thread() -> None:
    async def run() -> list[int]:
        budgeted, seen, done = BudgetedScheduler(asyncio.get_running_loop()), [], asyncio.Event()

        def work(n: int) -> None:
            seen.append(n)
            if n == 499:
                done.set()

        threading.Thread(target=lambda: [budgeted(lambda n=n: work(n)) for n in range(500)]).start()
        await asyncio.wait_for(done.wait(), 60)
        return seen

    assert asyncio.run(run()) == list(range(500))


def test_others_get_their_turn_while_much_is_to_be_done() -> None:
    async def run() -> int:
        loop = asyncio.get_running_loop()
        budgeted, left, turns = BudgetedScheduler(loop), [100], 0
        for _ in range(100):
            budgeted(lambda: (time.sleep(0.001), left.__setitem__(0, left[0] - 1)))
        while left[0]:
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert asyncio.run(run()) > 10  # in one piece it would have been one


def test_a_piece_that_fails_does_not_stop_the_others() -> None:
    async def run() -> bool:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        loop.set_exception_handler(lambda *_: None)
        budgeted = BudgetedScheduler(loop)
        budgeted(lambda: 1 / 0)
        budgeted(done.set)
        await asyncio.wait_for(done.wait(), 60)
        return True

    assert asyncio.run(run())
