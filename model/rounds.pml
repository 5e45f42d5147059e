/* The six rounds under an honest coordinator, with nodes that drop out at any step: does the sum
   come?

   A round is closed when everybody still in it has answered, or at its deadline. With too few left
   it fails, and that is the end of the attempt. The deadline is long enough: it passes only when
   whoever is missing has dropped out (with -DRASH_DEADLINES at any moment).

   A member that says nothing before the roster is settled is not in it, and the numbers follow from
   those who are. Once they are settled, at most d of the roster drop out. Whoever drops out between
   its acceptance and the roster looks to everybody like one who drops out right after it.

   Every run of this model is finite, so no fairness need be assumed.

   -DN=n -DC=c          members, colluders (who play along here)
   -DANY_DROPOUTS       any number drops out
   -DRASH_DEADLINES     deadlines pass at any moment
   -DMUTANT_…           one rule is broken; see README.md                                          */

#ifndef N
#define N 5
#endif
#ifndef C
#define C 1
#endif

#define HAS(set, member) (((set) >> (member)) & 1)
#define ONE(member) (1 << (member))
#define SIZE(set) (HAS(set, 0) + HAS(set, 1) + HAS(set, 2) + HAS(set, 3) + HAS(set, 4) + HAS(set, 5))
#define MAX(a, b) ((a) > (b) -> (a) : (b))
#define MIN_PARTICIPANTS 3

/* The charter's rule, for a roster of r; ⌈r/10⌉ = 1 here. */
#define T ((r + C) / 2 + 1)
#define D (r - T < 1 -> r - T : 1)
#define NEEDED MAX(MAX(r - D, T), MIN_PARTICIPANTS)

mtype = { PROPOSE, SHARE, OPENED, MASKED_INPUT, CONSISTENCY, UNMASK };

chan to[N] = [6] of { mtype };          /* one stream for each node, in order */
chan answers = [N] of { mtype, byte };
byte gone;                              /* who dropped out */
byte answered;                          /* who said what it had to say in this round */
byte r;                                 /* size of the roster; 0 until it is settled */
byte dropped;                           /* of the roster, how many dropped out */
byte survivors;
bool unmasked, failed;

#ifdef ANY_DROPOUTS
#define MAY_DROP (true)
#else
#ifdef MUTANT_ONE_DROPOUT_MORE
#define MAY_DROP (r > 0 && dropped < D + 1)
#else
#define MAY_DROP (r > 0 && dropped < D)
#endif
#endif
/* Before the roster, members may be away as long as enough are left. */
#define MAY_BE_AWAY (r == 0 && !HAS(answered, me) && SIZE(gone) < N - MIN_PARTICIPANTS)

proctype node(byte me) {
  mtype said;
  do
  :: atomic { to[me]?said -> answers!said, me; answered = answered | ONE(me) }
  :: atomic { MAY_DROP || MAY_BE_AWAY -> gone = gone | ONE(me); dropped = dropped + (r > 0 -> 1 : 0); break }
  :: unmasked || failed -> break
  od
}

/* One round: ask those `asked`, hear until nobody is missing or the deadline, then go on with those
   who answered, if they are `enough`. */
inline hold(what) {
  d_step {
    answered = 0;
    heard = 0;
    k = 0;
    do
    :: k < N ->
         if
         :: HAS(asked, k) && !HAS(gone, k) -> to[k]!what
         :: else
         fi;
         k++
    :: else -> k = 0; break
    od
  }
  do
  :: atomic { answers?said, k ->
       if
       :: said == what -> heard = heard | ONE(k)
       :: else                                  /* of an earlier round: too late */
       fi;
       k = 0 }
  :: atomic { heard == asked -> break }
#ifndef MUTANT_WAITS_FOR_ALL
#ifdef RASH_DEADLINES
  :: atomic { heard != asked -> break }
#else
  :: atomic { heard != asked && ((asked - heard) & (255 - (gone & (255 - answered)))) == 0 -> break }
#endif
#endif
  od;
  if
  :: SIZE(heard) < enough -> failed = true; goto over
  :: else -> asked = heard
  fi
}

proctype coordinator() {
  byte asked = ONE(N) - 1, heard, enough, k;
  mtype said;
  enough = MIN_PARTICIPANTS; hold(PROPOSE);  /* CollectingAcceptances */
  r = SIZE(asked);
  enough = NEEDED; hold(SHARE);  /* CollectingShares */
  enough = NEEDED; hold(OPENED);  /* CollectingOpened */
  enough = NEEDED; hold(MASKED_INPUT);  /* CollectingInputs */
  survivors = asked;
#ifdef MUTANT_ALL_MUST_SIGN
  enough = SIZE(asked); hold(CONSISTENCY);
#else
  enough = T; hold(CONSISTENCY);  /* CollectingSignatures */
#endif
  asked = survivors;                             /* all survivors are asked for their shares */
  enough = T; hold(UNMASK);  /* CollectingUnmask */
  assert(SIZE(survivors) >= r - D);             /* claim 4 */
  unmasked = true;
over:
  skip
}

init {
  byte k;
  atomic {
    run coordinator();
    do
    :: k < N -> run node(k); k++
    :: else -> k = 0; break
    od
  }
}

#if defined(ANY_DROPOUTS) || defined(RASH_DEADLINES)
ltl claim_6_it_ends { <> (unmasked || failed) }
#else
ltl claim_6_the_sum_comes { <> unmasked }
#endif
