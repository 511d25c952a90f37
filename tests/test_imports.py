"""Who imports whom, types included."""

from graphlib import CycleError, TopologicalSorter

import grimp


def test_no_module_needs_itself_by_way_of_others_not_even_for_its_types() -> None:
    graph = grimp.build_graph("quad")
    imports = {each: graph.find_modules_directly_imported_by(each) for each in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as found:
        raise AssertionError(" → ".join(reversed(found.args[1]))) from None
