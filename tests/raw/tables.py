"""Tables of cases as tests: one method a row, called as the row is."""


def eachRow(rows, *variants):
    """Gives a test class a test for every row of `rows`, by its `name`, and every variant:
    `check(row, variant)` is what it runs, or without variants `check(row)`."""

    def decorate(cls):
        for row in rows:
            for variant in variants or [None]:
                name = f"test {row.name}" + (f" [{variant}]" if variant is not None else "")
                assert not hasattr(cls, name), f"two rows are called {row.name}"
                setattr(cls, name, makeTest(row, variant))
        return cls

    return decorate


def makeTest(row, variant):
    arguments = (row,) if variant is None else (row, variant)

    def test(self):
        self.check(*arguments)

    return test
