"""Records payloads that were checked: each judged against the store, in their order, with few fsyncs."""

import contextlib
from collections.abc import Iterable, Sequence

from kg.errors import StoreError
from kg.follower import Follower
from kg.journal import Journal
from kg.judge import Judge
from kg.known import told
from kg.receipt import Answered, Kept
from kg.work import Work

_Key = tuple[bytes, tuple[str, ...], str]


class Recorder:
    """Writes the journal of a store, and hands what is in it to the graph; for one thread at a time.

    Args:
        journal: the journal.
        judge: compares payloads with the store.
        follower: applies what is on disk.
    """

    def __init__(self, journal: Journal, judge: Judge, follower: Follower) -> None:
        self._journal, self._judge, self._follower = journal, judge, follower

    def record(self, works: Sequence[Work]) -> list[Kept]:
        """Judge payloads against the store in their order, and record them with as few fsyncs as that takes.

        One that is compared with what an earlier one tells is judged when that one has been applied.
        """
        if not self._judge.active:
            return self.write(works, frozenset())
        kept: list[Kept] = []
        waiting: list[Work] = []
        tell: set[str] = set()
        for work in works:
            flying = self._follower.flying()
            judgement = self._judge.judge(work, behind=self._follower.behind)
            told_here = not tell.isdisjoint(judgement.asked)
            if told_here:
                kept += self.write(waiting, frozenset(tell))
                waiting, tell = [], set()
                flying = self._follower.flying()
            told_before = [flight for flight in flying if not flight.told.isdisjoint(judgement.asked)]
            if told_before:
                self._follower.hurry()
            for flight in told_before:
                flight.answer.exception()  # waits for it
            if told_here or told_before:
                judgement = self._judge.judge(work, behind=self._follower.behind)
            waiting.append(work.judged(judgement.report))
            tell |= judgement.told
            if work.answer is not None and judgement.report.conforms:
                tell |= told_by([work.answer])
        return kept + self.write(waiting, frozenset(tell))

    def write(self, works: Sequence[Work], told: frozenset[str], *, new: bool = False) -> list[Kept]:
        """Record payloads, and what answers them, with one fsync; the same bytes are not recorded twice.

        Args:
            works: the payloads.
            told: the keys of what they tell.
            new: they were not recorded before: each has an identifier that was just minted.
        """
        rows: dict[_Key, int] = {}
        fresh: dict[_Key, Work] = {}
        for work in works:
            if work.report.verdict == "unreadable":
                with contextlib.suppress(StoreError):
                    reason = work.report.violations[0].rule
                    self._journal.unreadable.record(work.data, reason, received=work.received)
                continue
            self._add(work, rows, fresh, new=new)
            if work.answer is not None and work.report.conforms:
                self._add(work.answer, rows, fresh, new=work.key in fresh)
        made = self._journal.append_many(work.entry() for work in fresh.values()) if fresh else []
        first = dict(zip(fresh, made, strict=True))
        rows |= {key: seq for key, seq in first.items() if key not in rows}
        patient = all(work.patient for work in works)
        applied = self._follower.put(
            [work.recorded(seq) for work, seq in zip(fresh.values(), made, strict=True)],
            told,
            patient=patient,
            size=sum(len(work.data) for work in fresh.values()),
        )
        kept = []
        for work in works:
            seq = first.pop(work.key, None)
            row = rows.get(work.key)
            answer, said = None, work.answer if work.report.conforms else None
            if said is not None and said.key in rows:
                answer = Answered(said.data, rows[said.key], said.lifted)
            kept.append(Kept(work.report, row, seq is None and row is not None, applied, work.lifted, answer))
        return kept

    def _add(self, work: Work, rows: dict[_Key, int], fresh: dict[_Key, Work], *, new: bool = False) -> None:
        """Take a payload in, unless it is recorded already; ``new``: it cannot be."""
        if work.key in rows or work.key in fresh:
            return
        found = None if new else self._journal.find(work.data, work.subjects)
        if found is not None and found[1] == work.report.verdict:
            rows[work.key] = found[0]
        else:
            fresh[work.key] = work


def told_by(works: Iterable[Work]) -> frozenset[str]:
    """Give the keys of what payloads tell of, where they are accepted."""
    return frozenset(key for work in works if work.report.conforms for key in _tells(work))


def _tells(work: Work) -> Iterable[str]:
    if work.tells is not None:
        return work.tells
    return told(work.lifted.message_type, work.lifted.facts) if work.lifted is not None else ()
