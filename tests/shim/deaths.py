"""A process that dies at the n-th step of what it does: `inproc.Died` is raised there."""

from inproc import Died


class Deaths:
    """Dies at the n-th of all steps: each call of `places`, (owner, name) each, is one once it is
    done, and one more before it is begun if `is_before`.

    at: n, None for never. count: of the steps since it was set to 0.
    """

    def __init__(self, monkeypatch, *places, is_before=False):
        self.at, self.count, self._is_before = None, 0, is_before
        for owner, name in places:
            monkeypatch.setattr(owner, name, self._around(getattr(owner, name)))

    def _around(self, inner):
        def run(*args, **kwargs):
            if self._is_before:
                self._step()
            result = inner(*args, **kwargs)
            self._step()
            return result

        return run

    def _step(self):
        self.count += 1
        if self.at == self.count:
            raise Died
