// Compiled once for each instruction set (see CMakeLists.txt), with GYEOL_ISA its name.
#include "lstm.hpp"

#define GYEOL_TEXT_OF(name) #name
#define GYEOL_TEXT(name) GYEOL_TEXT_OF(name)

namespace gyeol::GYEOL_ISA {

extern const Kernels kernels;
const Kernels kernels = {GYEOL_TEXT(GYEOL_ISA), LANES, lstm_pack, lstm_forward};

}  // namespace gyeol::GYEOL_ISA
