// Python's door to the stepper, and to the floor of its time.
#pragma once

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "../step.hpp"

namespace gyeol {
namespace {

// The sum of n numbers, n a multiple of 64, by registers of so many bytes.
template <int BYTES>
inline __attribute__((always_inline)) float sum_by(const float* from, int64_t n) {
    typedef float Register __attribute__((vector_size(BYTES)));
    constexpr int COUNT = 256 / BYTES;
    Register sums[COUNT] = {};
    for (int64_t i = 0; i < n; i += 64)
#pragma GCC unroll 16
        for (int j = 0; j < COUNT; ++j) {
            Register next;
            std::memcpy(&next, from + i + j * (BYTES / 4), BYTES);
            sums[j] += next;
        }
    float all[64], total = 0.0f;
    std::memcpy(all, sums, sizeof all);
    for (const float sum : all) total += sum;
    return total;
}
#ifdef GYEOL_X86
__attribute__((target("avx2"))) float sum_wide(const float* from, int64_t n) { return sum_by<32>(from, n); }
#endif
float sum_any(const float* from, int64_t n) {
#ifdef GYEOL_X86
    if (__builtin_cpu_supports("avx2")) return sum_wide(from, n);
#endif
    return sum_by<16>(from, n);
}

// The sum of x, each member reading its share once: what it takes to read the weights is the least that a step takes.
float sum_of(Array<const float, 1> x, int64_t threads) {
    expect(threads >= 1 && x.shape(0) % 64 == 0, "no threads, or not a multiple of 64 numbers");
    std::vector<float> sums(static_cast<size_t>(threads), 0.0f);
    const nb::gil_scoped_release without_the_gil;
    const int64_t lines = static_cast<int64_t>(x.shape(0)) / 64;
    run_team(threads, [&](int64_t member, int64_t members) {
        const int64_t first = lines * member / members, last = lines * (member + 1) / members;
        sums[static_cast<size_t>(member)] = sum_any(x.data() + 64 * first, 64 * (last - first));
    });
    float total = 0.0f;
    for (const float sum : sums) total += sum;
    return total;
}

// Without the GIL where that pays for giving it up and getting it back.
void step(Stepper& of) {
    if (of.quick()) return of.step();
    const nb::gil_scoped_release without_the_gil;
    of.step();
}

// Take a step if x is an array of floats (B, D), C-contiguous, of anything that shows its memory as NumPy does; say whether it was.
bool take(Stepper& of, nb::handle x) {
    Py_buffer view;
    if (!PyObject_CheckBuffer(x.ptr())) return false;
    if (PyObject_GetBuffer(x.ptr(), &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) != 0) {
        PyErr_Clear();
        return false;
    }
    const bool fits = view.ndim == 2 && view.shape[0] == of.rows() && view.shape[1] == of.inputs() && view.itemsize == 4 &&
                      view.format && std::strcmp(view.format, "f") == 0;
    if (fits) std::memcpy(of.x(), view.buf, static_cast<size_t>(view.len));
    PyBuffer_Release(&view);
    if (fits) step(of);
    return fits;
}

void bind_rows(nb::module_& m) {
    using namespace nb::literals;
    const auto array = [](std::initializer_list<size_t> shape, float* data, nb::handle owner) {
        return nb::ndarray<nb::numpy, float, nb::c_contig, nb::device::cpu>(data, shape, owner);
    };
    nb::class_<Stepper>(m, "Stepper", "Layers that take one step at a time: see cpp/step.hpp. Its arrays are its own memory.")
        .def(nb::init<const std::string&, const std::string&, const Stepper::Layers&, const Stepper::Biases&, int64_t,
                      int64_t, int64_t, const std::string&>(),
             "cell"_a, "element"_a, "weights"_a.noconvert(), "biases"_a.noconvert(), "rows"_a, "threads"_a, "available"_a,
             "instruction_set"_a)
        .def("step", &step)
        .def("take", &take, "x"_a)
        .def_prop_ro("threads", &Stepper::threads)
        .def_prop_ro("x", [array](nb::handle_t<Stepper> self) {
            Stepper& of = nb::cast<Stepper&>(self);
            return array({size_t(of.rows()), size_t(of.inputs())}, of.x(), self);
        })
        .def_prop_ro("y", [array](nb::handle_t<Stepper> self) {
            Stepper& of = nb::cast<Stepper&>(self);
            return array({size_t(of.rows()), size_t(of.units())}, of.y(), self);
        })
        .def_prop_ro("h", [array](nb::handle_t<Stepper> self) {
            Stepper& of = nb::cast<Stepper&>(self);
            return array({size_t(of.layers()), size_t(of.rows()), size_t(of.units())}, of.h(), self);
        })
        .def_prop_ro("c", [array](nb::handle_t<Stepper> self) -> nb::object {
            Stepper& of = nb::cast<Stepper&>(self);
            if (!of.c()) return nb::none();
            return nb::cast(array({size_t(of.layers()), size_t(of.rows()), size_t(of.units())}, of.c(), self));
        });
    m.def("sum_of", &sum_of, "x"_a.noconvert(), "threads"_a, "The sum of x, read once by as many threads.");
}

}  // namespace
}  // namespace gyeol
