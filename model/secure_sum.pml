/* One attempt at a secure sum under a malicious coordinator that holds c members.

   Honest nodes 0 … N−C−1 react to what the coordinator shows them; members N−C … N−1 collude: they
   sign whatever they are asked to and hand over every share that they hold. The coordinator chooses
   freely, in any order and as often as it likes, to whom to speak and what to say: which dealings it
   passes on, which sharers and which survivors it announces to whom, whose signatures it shows. What
   a node refuses leaves its state as it was, so the coordinator may try again. What a node says, the
   coordinator has.

       SHARED ─on_dealings─▶ OPENED ─on_sharers─▶ AWAITING ─on_survivors─▶ SIGNED
         │                     │                    │                       │ on_unmask_request
         ╰──────── crash ──────┴────────────────────┴──▶ CRASHED            ▼
                                                                           DONE
   Members are bits of a byte: a set of members is a number. README.md says which line of the code
   each part stands for, what is left out and why that loses nothing.

   -DN=n -DC=c                 the region; T and D follow by the charter's rule
   -DMAX_DROPOUTS=d            the charter allows fewer
   -DATTEMPTS=2                two attempts at once, whose words the coordinator mixes up
   -DFIRST_WHOLE               in the first of them nobody is left out
   -DALL_OPENED                every envelope opened
   -DPRUNED                    messages that every node refuses for sure are not sent
   -DCRASHES                   nodes crash and come back
   -DTRACE                     each step is printed, for the test that replays it in the real code
   -DSHOW_A_SUM                fails when a sum can be read: it can
   -DCLAIMS=k                  only the claims of these bits are asserted (bit k: claim k)
   -DWITHOUT_…                 one rule is left out that no claim rests on
   -DMUTANT_…                  one rule of the node is broken; see README.md                       */

#ifndef N
#define N 4
#endif
#ifndef C
#define C 1
#endif
#ifndef ATTEMPTS
#define ATTEMPTS 1
#endif
#ifndef CLAIMS
#define CLAIMS 511
#endif

/* Charter.threshold, Charter.tolerated_dropouts, AttemptParameters.needed; ⌈n/10⌉ = 1 here. */
#ifdef MUTANT_THRESHOLD_WITHOUT_COLLUDERS
#define T (N / 2 + 1)
#else
#define T ((N + C) / 2 + 1)
#endif
#ifdef MAX_DROPOUTS
#define D MAX_DROPOUTS
#else
#define D (N - T < 1 -> N - T : 1)
#endif
#define MIN_PARTICIPANTS 3
#define MAX(a, b) ((a) > (b) -> (a) : (b))
#define NEEDED MAX(MAX(N - D, T), MIN_PARTICIPANTS)
#ifdef MUTANT_FEW_SHARERS
#define NEEDED_TO_MASK 2
#else
#define NEEDED_TO_MASK NEEDED
#endif
#ifdef MUTANT_FEW_SURVIVORS
#define NEEDED_TO_SIGN T
#else
#define NEEDED_TO_SIGN NEEDED
#endif

#define HONEST (N - C)
#define ALL ((1 << N) - 1)
#define HONEST_SET ((1 << HONEST) - 1)
#define COLLUDERS (ALL - HONEST_SET)
#define ONE(member) (1 << (member))
#define HAS(set, member) (((set) >> (member)) & 1)
#define WITHOUT(set, other) ((set) & (ALL - (other)))
#define IS_SUBSET(part, whole) (((part) & (whole)) == (part))
#define SIZE(set) (HAS(set, 0) + HAS(set, 1) + HAS(set, 2) + HAS(set, 3) + HAS(set, 4) + HAS(set, 5))
#define CHECKED(claim) ((CLAIMS >> claim) & 1)

mtype = { SHARED, OPENED, AWAITING, SIGNED, DONE, CRASHED };
mtype = { ON_DEALINGS, ON_SHARERS, ON_SURVIVORS, ON_UNMASK_REQUEST, CRASH }; /* in traces */

/* ---- what a node holds: one place for each attempt a and honest node i, at a·HONEST + i ---- */
#define PLACES (ATTEMPTS * HONEST)
#define PLACE(attempt, node) ((attempt) * HONEST + (node))
mtype phase[PLACES] = SHARED;
byte opened[PLACES];            /* whose envelopes it opened: its one Opened word */
byte sharers[PLACES];           /* whom it masked its vector for */
byte word_sharers[PLACES];      /* the survivor set that it signed: sharers … */
byte word_survivors[PLACES];    /* … and survivors; 0 when it signed none */
#if ATTEMPTS > 1
byte foreign[PLACES];           /* dealers of whom it holds a dealing of the other attempt */
#endif

/* ---- what the coordinator holds, beside every word above: one place for each a and dealer k ---- */
#define DEALER(attempt, dealer) ((attempt) * N + (dealer))
byte self_shares[ATTEMPTS * N] = COLLUDERS; /* whose shares of the dealer's self-mask seed */
byte key_shares[ATTEMPTS * N] = COLLUDERS;  /* whose shares of its mask-key seed */
#define MASKED(place) (sharers[place] != 0) /* its masked vector left */

/* ---- the message at hand; all zero between two steps ---- */
byte at, i, a, set, other;
bool taken;
byte k_choice;

/* Only used inside a d_step, which writes them before it reads them. */
hidden byte k, k2, tag, known_self, known_key, free_nodes, before, part, whole;

#ifdef TRACE
#define SHOW(name) printf("STEP %e %d %d %d %d %d\n", name, a, i, set, other, taken)
#else
#define SHOW(name) skip
#endif

/* Any set of members at all. */
inline choose(chosen) {
  chosen = 0;
  k_choice = 0;
  do
  :: k_choice < N ->
       if
       :: chosen = chosen | ONE(k_choice)
       :: skip
       fi;
       k_choice++
  :: else -> k_choice = 0; break
  od
}

/* Any set, where it is not certain that the node refuses whatever is chosen. */
#ifdef PRUNED
#define WORTH(condition) (condition)
#else
#define WORTH(condition) true
#endif
#ifdef FIRST_WHOLE
#define WHOLE(attempt) ((attempt) == 0)
#else
#define WHOLE(attempt) false
#endif
inline choose_where(condition, chosen) {
  if
  :: !WORTH(condition) -> skip
  :: WORTH(condition) && WHOLE(a) -> chosen = ALL
  :: WORTH(condition) && !WHOLE(a) -> choose(chosen)
#ifdef TRACE
  :: chosen = ALL                                       /* nearly all, more often than by chance */
  :: chosen = ALL
  :: chosen = ALL
  :: chosen = ALL
  :: chosen = ALL - ONE(0)
  :: chosen = ALL - ONE(N - 1)
#endif
  fi
}

inline forget_message() { at = 0; i = 0; a = 0; set = 0; other = 0; taken = false }

/* ---- the claims ---------------------------------------------------------------------------- */

/* Claim 1, when a node signs: one survivor set in one attempt, ever. */
inline claim_one_word() {
  assert(!CHECKED(1) || word_survivors[at] == 0 ||
         (word_survivors[at] == other && word_sharers[at] == set))
}

/* Claim 2, after a node revealed shares of this secret: of no dealer it gave both. */
inline claim_one_kind(dealer) {
  assert(!CHECKED(2) || !(HAS(self_shares[dealer], i) && HAS(key_shares[dealer], i)))
}

/* Whether the coordinator can show this member's signature over the set that node i signed. */
#define SIGNED_IN(attempt, member) \
  (word_sharers[PLACE(attempt, member)] == word_sharers[at] && \
   word_survivors[PLACE(attempt, member)] == word_survivors[at])
#ifdef MUTANT_SIGNATURES_WITHOUT_ROSTER
#define SHOWN_SIGNED(member) (SIGNED_IN(a, member) || SIGNED_IN(ATTEMPTS - 1 - a, member))
#else
#define SHOWN_SIGNED(member) SIGNED_IN(a, member)
#endif

/* Claim 4, when a node reveals: at least r − d survived, and t of them signed exactly this set. */
inline claim_quorum() {
  assert(!CHECKED(4) || SIZE(word_survivors[at]) >= N - D);
  part = word_survivors[at] & COLLUDERS;
  k = 0;
  do
  :: k < HONEST ->
       if
       :: SIGNED_IN(a, k) -> part = part | ONE(k)
       :: else
       fi;
       k++
  :: else -> break
  od;
  assert(!CHECKED(4) || SIZE(part) >= T)
}

/* Partners of honest k whose pairwise mask with it is unknown: both are honest and of neither the
   mask key is known. */
#define HIDDEN_PARTNERS(node) \
  (HAS(known_key, node) -> 0 \
   : (WITHOUT(WITHOUT(sharers[PLACE(tag, node)], ONE(node)), known_key) & HONEST_SET))

/* Claim 3: of no honest node both secrets are known, and whatever sum can be read holds the vectors
   of at least r − d − c honest nodes, so that their noise is in it.

   A seed is known from t shares. The vector of k can be in a sum that is read only where its self
   mask is known and each hidden pairwise mask cancels against a partner's in the same sum. The
   greatest such set of nodes falls into components along the hidden masks; the sums that can be
   read are those of whole components, and of nothing smaller. */
inline claim_nothing_but_the_sum() {
  tag = 0;
  do
  :: tag < ATTEMPTS ->
       known_self = 0; known_key = 0; free_nodes = 0;
       k = 0;
       do
       :: k < HONEST ->
            if :: SIZE(self_shares[DEALER(tag, k)]) >= T -> known_self = known_self | ONE(k) :: else fi;
            if :: SIZE(key_shares[DEALER(tag, k)]) >= T -> known_key = known_key | ONE(k) :: else fi;
            if :: MASKED(PLACE(tag, k)) -> free_nodes = free_nodes | ONE(k) :: else fi;
            k++
       :: else -> break
       od;
       assert(!CHECKED(3) || (known_self & known_key) == 0);
       free_nodes = free_nodes & known_self;
       before = ALL;
       do
       :: before != free_nodes ->
            before = free_nodes;
            k = 0;
            do
            :: k < HONEST ->
                 part = HIDDEN_PARTNERS(k);
                 if
                 :: HAS(free_nodes, k) && !IS_SUBSET(part, free_nodes) ->
                      free_nodes = WITHOUT(free_nodes, ONE(k))
                 :: else ->
                      k2 = 0;
                      do
                      :: k2 < HONEST ->
                           if
                           :: HAS(part, k2) && !HAS(HIDDEN_PARTNERS(k2), k) ->
                                free_nodes = WITHOUT(free_nodes, ONE(k))
                           :: else
                           fi;
                           k2++
                      :: else -> break
                      od
                 fi;
                 k++
            :: else -> break
            od
       :: else -> break
       od;
       do
       :: free_nodes != 0 ->
            whole = free_nodes & (0 - free_nodes); /* one node; then whoever is tied to it */
            before = 0;
            do
            :: before != whole ->
                 before = whole;
                 k = 0;
                 do
                 :: k < HONEST ->
                      if
                      :: HAS(whole, k) -> whole = whole | HIDDEN_PARTNERS(k)
                      :: else
                      fi;
                      k++
                 :: else -> break
                 od
            :: else -> break
            od;
            assert(!CHECKED(3) || SIZE(whole) >= N - D - C);
#ifdef SHOW_A_SUM
            assert(false);
#endif
            free_nodes = WITHOUT(free_nodes, whole)
       :: else -> break
       od;
       tag++
  :: else -> break
  od
}

/* ---- a node's transitions, each after the method that it stands for -------------------------- */

/* Shared.on_dealings. `set`: whose dealings are passed on and open. With two attempts, `other`:
   dealers of whom the other attempt's dealing is shown. */
inline on_dealings() {
  choose_where(phase[at] == SHARED, set);
#ifdef ALL_OPENED
  set = ALL;
#endif
#if ATTEMPTS > 1
#ifdef PRUNED
  if
  :: other = 0
  :: a > 0 -> other = ALL - ONE(i)
  fi;
#else
  choose(other);
#endif
#endif
  d_step {
    if
    :: phase[at] == SHARED &&
#ifndef MUTANT_DEALINGS_WITHOUT_ROSTER
       other == 0 &&                                    /* each dealing is of this roster */
#endif
       HAS(set, i) && !HAS(other, i) ->                 /* its own dealing, word for word */
         taken = true;
         opened[at] = set;
#if ATTEMPTS > 1
         foreign[at] = other;
#endif
         phase[at] = OPENED
    :: else
    fi;
    SHOW(ON_DEALINGS);
    forget_message()
  }
}

/* OpenedState.on_sharers, ReadyToMask.mask, MaskingState. `set`: the announced sharers. */
inline on_sharers() {
  choose_where(phase[at] == OPENED, set);
  d_step {
    if
    :: phase[at] == OPENED && HAS(set, i) && SIZE(set) >= NEEDED_TO_MASK ->
         taken = true;
         k = 0;
         do                                             /* all opened each other's envelopes */
         :: k < HONEST ->
              if
#ifndef WITHOUT_MUTUALLY_OPENED
              :: HAS(set, k) && !IS_SUBSET(set, opened[PLACE(a, k)]) -> taken = false
#endif
              :: else
              fi;
              k++
         :: else -> break
         od;
         if
         :: taken ->
              sharers[at] = set;
              phase[at] = AWAITING;
              claim_nothing_but_the_sum()
         :: else
         fi
    :: else
    fi;
    SHOW(ON_SHARERS);
    forget_message()
  }
}

/* AwaitingSurvivors.on_survivors and Signed.on_survivors. `set`, `other`: announced sharers and
   survivors. */
#ifdef MUTANT_SIGN_TWICE
#define MAY_SIGN (phase[at] == AWAITING || phase[at] == SIGNED)
#else
#define MAY_SIGN (phase[at] == AWAITING)
#endif
inline on_survivors() {
  choose_where(phase[at] == AWAITING || phase[at] == SIGNED, other);
  if
  :: set = sharers[at]
#ifndef PRUNED
  :: choose(set)
#endif
  fi;
  d_step {
    if
    :: MAY_SIGN &&
#ifndef MUTANT_OTHER_SHARERS
       set == sharers[at] &&
#endif
#ifndef WITHOUT_SELF_INCLUDED
       HAS(other, i) &&
#endif
       IS_SUBSET(other, set) && SIZE(other) >= NEEDED_TO_SIGN ->
         taken = true;
         claim_one_word();
         word_sharers[at] = set;
         word_survivors[at] = other;
         phase[at] = SIGNED
    :: phase[at] == SIGNED && set == word_sharers[at] && other == word_survivors[at] ->
         taken = true                                   /* the same word again */
    :: else
    fi;
    SHOW(ON_SURVIVORS);
    forget_message()
  }
}

/* Signed.on_unmask_request. The seed of the node's superfluous noise goes out in the same word and by
   the same set, word_survivors[at]: claims 1 and 4 are what it rests on. `set`: whose signatures are shown. `other`: for the mutant, the set of
   survivors by which the request wants the kinds chosen. */
inline on_unmask_request() {
  choose_where(phase[at] == SIGNED, set);
#ifdef MUTANT_KIND_BY_REQUEST
  choose(other);
#endif
  d_step {
    if
    :: phase[at] == SIGNED &&
#ifndef MUTANT_NO_QUORUM
       SIZE(set) >= T &&
#endif
       IS_SUBSET(set, word_survivors[at]) ->
         taken = true;
         k = 0;
         do                                             /* valid over exactly what it signed */
         :: k < HONEST ->
              if
              :: HAS(set, k) && !SHOWN_SIGNED(k) -> taken = false
              :: else
              fi;
              k++
         :: else -> break
         od;
         if
         :: taken ->
              claim_quorum();
              k = 0;
              do                                        /* one share of each sharer */
              :: k < N ->
                   tag = a;
#if ATTEMPTS > 1
                   if :: HAS(foreign[at], k) -> tag = ATTEMPTS - 1 - a :: else fi;
#endif
                   if
                   :: HAS(word_sharers[at], k) && HAS(opened[at], k) ->
#ifdef MUTANT_KIND_BY_REQUEST
                        part = other;
#else
                        part = word_survivors[at];
#endif
                        if
                        :: HAS(part, k) -> self_shares[DEALER(tag, k)] = self_shares[DEALER(tag, k)] | ONE(i)
                        :: else -> key_shares[DEALER(tag, k)] = key_shares[DEALER(tag, k)] | ONE(i)
                        fi;
#ifdef MUTANT_REVEAL_BOTH
                        self_shares[DEALER(tag, k)] = self_shares[DEALER(tag, k)] | ONE(i);
                        key_shares[DEALER(tag, k)] = key_shares[DEALER(tag, k)] | ONE(i);
#endif
                        claim_one_kind(DEALER(tag, k))
                   :: else
                   fi;
                   k++
              :: else -> break
              od;
#ifndef MUTANT_KIND_BY_REQUEST
              phase[at] = DONE;
#endif
              claim_nothing_but_the_sum()
         :: else
         fi
    :: else
    fi;
    SHOW(ON_UNMASK_REQUEST);
    forget_message()
  }
}

/* The process dies, and its secrets with it. What it said stays said; a restarted node has dropped
   out, and its ledger knows the session. */
inline crash() {
  d_step {
    if
    :: phase[at] != CRASHED && phase[at] != DONE ->
         taken = true;
#ifdef MUTANT_RESTART_RESUMES
         if
         :: phase[at] == SIGNED -> phase[at] = AWAITING /* from a copy of its memory */
         :: else
         fi
#else
         phase[at] = CRASHED
#endif
    :: else
    fi;
    SHOW(CRASH);
    forget_message()
  }
}

inline choose_node() {
  if
  :: i = 0
  :: i = 1
#if N - C > 2
  :: i = 2
#endif
#if N - C > 3
  :: i = 3
#endif
#if N - C > 4
  :: i = 4
#endif
  fi;
  if
  :: a = 0
#if ATTEMPTS > 1
  :: a = 1
#endif
  fi;
  at = PLACE(a, i)
}

active proctype coordinator() {
  do
  :: atomic { choose_node(); on_dealings() }
  :: atomic { choose_node(); on_sharers() }
  :: atomic { choose_node(); on_survivors() }
  :: atomic { choose_node(); on_unmask_request() }
#ifdef CRASHES
  :: atomic { choose_node(); crash() }
#endif
  od
}
