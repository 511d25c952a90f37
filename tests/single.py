"""What stays with one process when the suites run against several nodes, and why.

Besides, a test is skipped where it reaches into the server: it says so itself (tests/nodes.py).
"""

from collections.abc import Mapping
from typing import Final

_CERTAIN: Final = "behind a proxy that is trusted every address is certain"
_CLOCK: Final = "the clock of the test's server stands still"
_INSIDE: Final = "the test changes the server"
_LOG: Final = "the test reads the log of its own process"
_OWN: Final = "the test starts its server another way"
_MANY: Final = "each of its examples starts a server"
_RACE: Final = "requests of two connections may change places on their way through a proxy"
_EACH: Final = "each node counts by itself how many rooms an address opens"
_SOON: Final = "its times are shorter than the start of nodes"

SINGLE: Final[Mapping[str, str]] = {
    "tests/e2e/test_admin.py::test_several_nodes_are_a_table": _OWN,
    "tests/nearby/test_bots.py::test_an_address_that_is_not_certain": _CERTAIN,
    "tests/nearby/test_people.py::test_a_limit_that_holds_somebody_back_is_in": _LOG,
    "tests/nearby/test_messages.py::test_a_message_reaches_its_people_only_and_each": _CLOCK,
    "tests/protocol/test_upgrade.py::test_polls_after_the_upgrade_leave": _RACE,
    "tests/protocol/test_polling.py::test_get_and_close_sent_together": _RACE,
    "tests/alert/test_property.py": _MANY,
    "tests/alert/test_posts.py::test_an_address_that_posts_too_much": _LOG,
    "tests/alert/test_posts.py::test_an_address_with_too_many_posts": _INSIDE,
    "tests/alert/test_returning.py::test_who_does_not_come_back_after_a_restart": _SOON,
    "tests/classroom/test_durability.py::test_a_killed_server_loses_nothing": _OWN,
    "tests/classroom/test_durability.py::test_a_killed_server_keeps_keys": _OWN,
    "tests/classroom/test_helping.py::test_a_killed_server_knows": _OWN,
    "tests/classroom/test_folders.py::test_nothing_is_kept_of_a_set": _INSIDE,
    "tests/classroom/test_folders.py::test_what_takes_too_long": _INSIDE,
    "tests/classroom/test_folders.py::test_a_set_with_too_many_pictures": _INSIDE,
    "tests/classroom/test_pictures.py::test_a_picture_that_cannot_be_saved": _INSIDE,
    "tests/classroom/test_helping.py::test_students_ask_and_are_helped_in_order": _CLOCK,
    "tests/classroom/test_keys.py::test_a_pass_opens_the_place_once": _CLOCK,
    "tests/classroom/test_library.py::test_a_set_is_kept_and_loaded": _CLOCK,
    "tests/classroom/test_library.py::test_a_library_has_an_end": _INSIDE,
    "tests/classroom/test_notices.py::test_each_student_hears_a_notice": _CLOCK,
    "tests/classroom/test_messages.py::test_a_student_writes_to_the_teacher": _CLOCK,
    "tests/classroom/test_messages.py::test_current_clients_get_an_id_and_a_full_time": _CLOCK,
    "tests/classroom/test_messages.py::test_a_clock_that_was_set_back": _CLOCK,
    "tests/classroom/test_quotas.py::test_a_stack_trace_may_have_any_shape": _LOG,
    "tests/classroom/test_steps.py::test_an_error_of_a_client_goes_into_the_log": _LOG,
    "tests/classroom/test_door.py::test_what_auditors_want_to_know": _LOG,
    "tests/classroom/test_door.py::test_the_results_page_can_be_switched_off": _INSIDE,
    "tests/classroom/test_durability.py::test_without_any_free_number": _INSIDE,
    "tests/classroom/test_quotas.py::test_the_blocks_of_an_ipv6_site": _EACH,
    "tests/classroom/test_quotas.py::test_an_address_opens_so_many_rooms": _EACH,
    "tests/classroom/test_steps.py::test_tasks_that_are_cleaned_at_once": _INSIDE,
    "tests/classroom/test_steps.py::test_nothing_of_the_teacher_overtakes": _INSIDE,
    "tests/classroom/test_steps.py::test_cleaning_that_takes_too_long": _INSIDE,
    "tests/classroom/test_updates.py::test_nobody_acts_before": _SOON,
}
"""Reasons by the beginning of a test's name, a whole file for instance."""


def reason(name: str) -> str:
    """Why a test needs one process; empty if it does not."""
    return next((why for beginning, why in SINGLE.items() if name.startswith(beginning)), "")
