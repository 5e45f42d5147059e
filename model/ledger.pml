/* One honest member's ledger, copied, restored and cloned, among witnesses of whom c lie.

   Several processes run under the member's one key, each with a disk of its own: the original, a
   backup that was brought back, a clone. Any of them may crash at any step, and find on its disk,
   when it starts again, any state that the ledger ever had. The coordinator carries entries and
   words to whom it likes; lying witnesses say yes to everything.

       reserve ─(q others hold the entry)─▶ debit ─▶ send
          ╰─▶ release                       forfeit: what other processes left open
       restart: with any disk, and nothing in memory

   Entries form a tree, because copies of a ledger may each go on: an entry has the entry before it
   as its parent, and a ledger is named by its last entry. Two entries of the same content behind
   the same entry are one entry, as their hashes are equal.

   -DN=n -DC=c          members of the charter, liars among them
   -DENTRIES=n          how many entries are made in all
   -DPROCESSES=n        how many processes live at once
   -DALLOWANCE=n        how many attempts the member may answer
   -DCLAIMS=k           only the claims of these bits are asserted (bit k: claim k)
   -DMUTANT_…           one rule is broken; see README.md                                          */

#ifndef N
#define N 4
#endif
#ifndef C
#define C 1
#endif
#ifndef ENTRIES
#define ENTRIES 5
#endif
#ifndef PROCESSES
#define PROCESSES 2
#endif
#ifndef ALLOWANCE
#define ALLOWANCE 1
#endif
#ifndef CLAIMS
#define CLAIMS 511
#endif
#define CHECKED(claim) ((CLAIMS >> claim) & 1)

/* Charter.quorum: of the N − 1 others. The liars among them say yes; the rest must be honest. */
#ifdef MUTANT_QUORUM_WITHOUT_COLLUDERS
#define Q ((N - 1) / 2 + 1)
#else
#define Q ((N - 1 + C) / 2 + 1)
#endif
#define WITNESSES (N - 1 - C)
#define HONEST_NEEDED (Q - C)

mtype = { RESERVE, DEBIT, RELEASE, FORFEIT };

#ifdef SHOW_A_SUM
#define SHOW_SENT assert(false)
#else
#define SHOW_SENT skip
#endif

/* ---- every entry that was ever made; 0 is the empty ledger -------------------------------- */
#define ENTRY(number) ((number) - 1)
mtype kind[ENTRIES];
byte parent[ENTRIES];
byte reservation[ENTRIES];      /* the entry that reserved; its own number in a RESERVE */
byte made;

/* ---- processes under the member's key ------------------------------------------------------ */
byte disk[PROCESSES];           /* its ledger's last entry */
byte flushed[PROCESSES];        /* … of what survives a crash */
byte mine[PROCESSES];           /* bits: reservations made by this process since its start */
byte debits[PROCESSES];         /* bits: debits of which it holds the ledger's evidence */
byte letting_out[PROCESSES];    /* bits: attempts whose masked bytes left */
byte sent;                      /* attempts whose masked bytes left, over all processes */

/* ---- honest witnesses: the one chain that each holds --------------------------------------- */
byte held[WITNESSES];

byte p, w, e;                   /* the step at hand; zero between two steps */
hidden byte x, y, spent, open_set, closed, new, count;

#define ONE(bit) (1 << (bit))
#define HAS(set, bit) (((set) >> (bit)) & 1)

/* y: whether entry `older` is `younger` or before it. */
inline is_part_of(older, younger) {
  x = younger;
  do
  :: x != older && x != 0 -> x = parent[ENTRY(x)]
  :: else -> break
  od;
  y = (x == older)
}

/* spent, open_set: the ledger ending in this entry, replayed from its end. */
inline replay(last) {
  spent = 0; open_set = 0; closed = 0;
  x = last;
  do
  :: x != 0 ->
       if
       :: kind[ENTRY(x)] == RESERVE && !HAS(closed, x) -> open_set = open_set | ONE(x)
       :: kind[ENTRY(x)] == RESERVE && HAS(closed, x) -> skip
       :: kind[ENTRY(x)] == RELEASE -> closed = closed | ONE(reservation[ENTRY(x)])
       :: kind[ENTRY(x)] == DEBIT || kind[ENTRY(x)] == FORFEIT ->
            closed = closed | ONE(reservation[ENTRY(x)]);
            spent++
       fi;
       x = parent[ENTRY(x)]
  :: else -> break
  od
}

#define SIZE(set) (HAS(set, 0) + HAS(set, 1) + HAS(set, 2) + HAS(set, 3) + HAS(set, 4) + \
                   HAS(set, 5) + HAS(set, 6) + HAS(set, 7))

#ifdef MUTANT_NO_NONCE
#define REPEATABLE(what) true
#else
#define REPEATABLE(what) ((what) != RESERVE)
#endif
#ifdef MUTANT_NO_FLUSH
#define FLUSH(what) skip
#else
#define FLUSH(what) flushed[p] = new
#endif

/* new: the entry of this content behind process p's last one, made now or before. A reservation
   holds a nonce, so it is never one that was made before. */
inline append(what, subject) {
  new = 0;
  x = 1;
  do
  :: x <= made ->
       if
       :: kind[ENTRY(x)] == what && parent[ENTRY(x)] == disk[p] &&
          REPEATABLE(what) && (what == RESERVE || reservation[ENTRY(x)] == subject) -> new = x
       :: else
       fi;
       x++
  :: else -> break
  od;
  if
  :: new == 0 && made < ENTRIES ->
       made++;
       new = made;
       kind[ENTRY(new)] = what;
       parent[ENTRY(new)] = disk[p];
       if
       :: what == RESERVE -> reservation[ENTRY(new)] = new
       :: else -> reservation[ENTRY(new)] = subject
       fi
  :: else
  fi;
  if
  :: new != 0 -> disk[p] = new; FLUSH(what)
  :: else
  fi
}
/* count: how many honest witnesses hold this entry on their chain. */
inline count_holders(entry) {
  count = 0;
  w = 0;
  do
  :: w < WITNESSES -> is_part_of(entry, held[w]); count = count + y; w++
  :: else -> w = 0; break
  od
}

/* Claim 5: the debit of every attempt whose bytes this process let out is on its disk, and would
   be there after a crash. */
inline claim_debited(entry) {
  replay(flushed[p]);
  assert(!CHECKED(5) || (HAS(closed, entry) && !HAS(open_set, entry)))
}

/* Claim 7: over all copies of the ledger, no more leaves than the member allowed. */
inline claim_allowance() { assert(!CHECKED(7) || sent <= ALLOWANCE) }

/* Claim 8: no two entries that are not on one chain each have a quorum of holders. */
inline claim_one_head() {
  new = 1;
  do
  :: new <= made ->
       count_holders(new);
       if
       :: count >= HONEST_NEEDED ->
            e = 1;
            do
            :: e < new ->
                 count_holders(e);
                 if
                 :: count >= HONEST_NEEDED ->
                      is_part_of(e, new);
                      assert(!CHECKED(8) || y)
                 :: else
                 fi;
                 e++
            :: else -> break
            od
       :: else
       fi;
       new++
  :: else -> break
  od;
  e = 0
}

inline choose_process() {
  if
  :: p = 0
#if PROCESSES > 1
  :: p = 1
#endif
#if PROCESSES > 2
  :: p = 2
#endif
  fi
}

inline choose_witness() {
  if
  :: w = 0
#if N - 1 - C > 1
  :: w = 1
#endif
#if N - 1 - C > 2
  :: w = 2
#endif
  fi
}

/* Any entry that was made, or none. */
inline choose_entry() {
  e = 0;
  do
  :: e < made -> e++
  :: break
  od
}

inline forget() { p = 0; w = 0; e = 0 }

/* The process dies, and its memory with it; it starts on its own disk, or on a copy of any age. */
inline restart() {
  choose_entry();
  d_step {
    mine[p] = 0; debits[p] = 0; letting_out[p] = 0;
    disk[p] = e; flushed[p] = e;
    forget()
  }
}

/* Ledger.adopt: entries that somebody else holds and that go on from this ledger. The real node
   asks a quorum for them; here anybody may hand them over. */
inline adopt() {
  choose_entry();
  d_step {
    if
    :: e != 0 ->
         is_part_of(disk[p], e);
         if
         :: y -> disk[p] = e; flushed[p] = e
         :: else
         fi
    :: else
    fi;
    forget()
  }
}

/* WitnessBook.take: a witness keeps what continues the chain that it holds, and nothing else. */
inline take() {
  choose_entry();
  d_step {
    is_part_of(held[w], e);
    if
#ifdef MUTANT_WITNESS_TAKES_FORKS
    :: e != 0 ->
#else
    :: e != 0 && y ->
#endif
         held[w] = e;
         claim_one_head()
    :: else
    fi;
    forget()
  }
}

/* Ledger.forfeit_left_open: of what is open and not its own, the first. The real node does so once
   after its start, before it reserves anything; here at any time, or never. */
inline forfeit() {
  d_step {
    replay(disk[p]);
    open_set = open_set & (255 - mine[p]);
    if
    :: open_set != 0 ->
         e = 1;
         do
         :: !HAS(open_set, e) -> e++
         :: else -> break
         od;
#ifdef MUTANT_RELEASE_LEFT_OPEN
         append(RELEASE, e)
#else
         append(FORFEIT, e)
#endif
    :: else
    fi;
    forget()
  }
}

/* Ledger.reserve: within the allowance, counting what is spent and what is reserved. */
inline reserve() {
  d_step {
    replay(disk[p]);
    if
    :: spent + SIZE(open_set) < ALLOWANCE ->
         append(RESERVE, 0);
         if
         :: new != 0 -> mine[p] = mine[p] | ONE(new)
         :: else
         fi
    :: else
    fi;
    forget()
  }
}

/* OpenedState.on_sharers rule 5, then Ledger.debit: a reservation of this process's own that is
   open, and that q others hold. */
inline debit() {
  choose_entry();
  d_step {
    if
    :: e != 0 &&
#ifdef MUTANT_ANYBODY_DEBITS
       kind[ENTRY(e)] == RESERVE ->
#else
       HAS(mine[p], e) ->
#endif
         count_holders(e);
         replay(disk[p]);
         if
#ifdef MUTANT_NO_WITNESSES
         :: HAS(open_set, e) ->
#else
         :: HAS(open_set, e) && count >= HONEST_NEEDED ->
#endif
#ifdef MUTANT_SEND_BEFORE_DEBIT
              debits[p] = debits[p] | ONE(e)
#else
              append(DEBIT, e);
              if
              :: new != 0 -> debits[p] = debits[p] | ONE(e)
              :: else
              fi
#endif
         :: else
         fi
    :: else
    fi;
    forget()
  }
}

/* ReadyToMask.mask, MaskingState.chunks: the first byte leaves, once for one debit. */
inline send() {
  choose_entry();
  d_step {
    if
    :: e != 0 && HAS(debits[p], e) && !HAS(letting_out[p], e) ->
         letting_out[p] = letting_out[p] | ONE(e);
         sent++;
         claim_debited(e);
         claim_allowance();
         SHOW_SENT
    :: else
    fi;
    forget()
  }
}

/* Ledger.release: of this process's own, not debited. */
inline release() {
  choose_entry();
  d_step {
    if
    :: e != 0 && HAS(mine[p], e) && !HAS(debits[p], e) ->
         replay(disk[p]);
         if
         :: HAS(open_set, e) -> append(RELEASE, e)
         :: else
         fi
    :: else
    fi;
    forget()
  }
}

active proctype world() {
  do
  :: atomic { choose_process(); restart() }
  :: atomic { choose_process(); adopt() }
  :: atomic { choose_witness(); take() }
  :: atomic { choose_process(); forfeit() }
  :: atomic { choose_process(); reserve() }
  :: atomic { choose_process(); debit() }
  :: atomic { choose_process(); send() }
  :: atomic { choose_process(); release() }
  od
}
