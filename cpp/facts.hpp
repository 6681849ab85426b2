// What the library knows of its cells, for Python, which repeats none of it.
#pragma once

#include "call.hpp"

namespace gyeol {
namespace {

// One dict a cell: gyeol.kernels.native.NativeCell says what its entries mean.
nb::list cells(const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    const auto blocks = [](const GateBlock* from, int64_t count) {
        nb::list all;
        for (int64_t i = 0; i < count; ++i) all.append(nb::make_tuple(from[i].at, from[i].gate, from[i].count));
        return nb::tuple(all);
    };
    nb::list found;
    for (int64_t i = 0; i < kernels.count; ++i) {
        const CellKernels& cell = kernels.cells[i];
        if (std::strcmp(cell.element, "float32") != 0) continue;
        nb::list elements, step_elements;
        for (int64_t j = 0; j < kernels.count; ++j) {
            if (std::strcmp(cell.name, kernels.cells[j].name) != 0) continue;
            elements.append(kernels.cells[j].element);
            if (kernels.cells[j].step) step_elements.append(kernels.cells[j].element);
        }
        const int64_t separate = separate_hidden_bias(cell);
        nb::dict of;
        of["name"] = cell.name;
        of["gates"] = cell.gates;
        of["states"] = cell.memory ? nb::make_tuple("h", "c") : nb::make_tuple("h");
        of["hidden_product"] = cell.hiddens > 0;
        of["norm"] = cell.norm;
        of["steps"] = !cell.norm;
        of["extra"] = cell.extra;
        of["reads_gates"] = cell.reads_gates;
        of["gradient_blocks"] = cell.gradient_blocks;
        of["input_blocks"] = blocks(cell.input, cell.inputs);
        of["hidden_blocks"] = blocks(cell.hidden, cell.hiddens);
        of["separate_hidden_bias"] = separate < 0 ? nb::object(nb::none()) : nb::object(nb::int_(separate));
        of["elements"] = nb::tuple(elements);
        of["step_elements"] = nb::tuple(step_elements);
        found.append(of);
    }
    return found;
}

}  // namespace
}  // namespace gyeol
