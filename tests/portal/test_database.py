from portal.database import Database
import sqlalchemy as sa


def test_it(database: Database) -> None:
    database.check()
    with database.write() as s:
        s.execute(sa.text("insert into counter(year,last) values (2026, 1)"))
    with database.read() as s:
        assert s.execute(sa.text("select last from counter")).scalar() == 1
