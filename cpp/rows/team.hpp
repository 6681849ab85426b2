// Threads that share the units of one step, and where they meet: what one unit needs of all the others must be there first.
//
// How many threads there are is known only inside the parallel region, which may have fewer than were requested: all that a
// member knows of the others comes from there, so that nobody is waited for who never comes.
#pragma once

#include <sched.h>

#include <cstdint>

namespace gyeol {

struct Team {
    int64_t member = 0, members = 1;  // this thread is number `member` of so many
    int64_t* arrived = nullptr;       // shared, 0 before the region starts: how often anybody has arrived at a meeting
    int64_t met = 0;                  // how many meetings this member has been to
    int64_t late = 0;                 // to how many of these somebody came so late that he had lost his processor
};

}  // namespace gyeol

#ifdef GYEOL_ISA
namespace gyeol::GYEOL_ISA {

constexpr Team ALONE{};
constexpr int64_t SPINS = 2000;  // some 20 microseconds: a member that is later than that has lost its processor to somebody else

// Nobody leaves before everybody has come; what was written before a meeting is seen by all after it.
static inline void meet(Team& team) {
    if (team.members == 1) return;
    const int64_t due = ++team.met * team.members;
    __atomic_add_fetch(team.arrived, 1, __ATOMIC_ACQ_REL);
    int64_t spins = 0;
    for (; __atomic_load_n(team.arrived, __ATOMIC_ACQUIRE) < due; ++spins) {
        if (spins >= SPINS) sched_yield();
#if defined(__x86_64__)
        else __builtin_ia32_pause();
#endif
    }
    team.late += spins > SPINS;
}

// At the end of each step of a walk, all members alike. Where others have kept the first one waiting too often, on a machine that has
// other work, the team parts: from then on the first member does everything, and the others nothing. `arrived[1]`, 0 before the region
// starts, is the meeting after which they do. It is set before anybody can have passed that meeting, and so all part after the same step.
static inline void part_if_late(Team& team) {
    if (team.members == 1) return;
    int64_t* last = team.arrived + 1;
    const int64_t meeting = __atomic_load_n(last, __ATOMIC_RELAXED);
    if (meeting > 0 && team.met >= meeting) {
        meet(team);
        team.member = team.member > 0;  // the second of one: no units are his
        team.members = 1;
    } else if (team.member == 0 && meeting == 0 && team.late > 2 + team.met / 256) {
        __atomic_store_n(last, team.met + 1, __ATOMIC_RELAXED);
    }
}

// The first of a member's units, of which there are `units` in panels of `panel`; the next member's is where they end.
static inline int64_t first_unit(const Team& team, int64_t member, int64_t units, int64_t panel) {
    const int64_t panels = (units + panel - 1) / panel, first = panels * member / team.members * panel;
    return first < units ? first : units;
}

}  // namespace gyeol::GYEOL_ISA
#endif
