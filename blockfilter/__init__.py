"""blockfilter: a policy-implementing resolver that forwards, refuses and forgets.

Three flows, and every module belongs to exactly one of them:

1. *names*: people propose entries to a catalogue (``lists/`` is the one that comes with blockfilter)
   and put them into force by releases; :mod:`blockfilter.catalog` compiles these, with an
   administrator's own list files, into one immutable file, the policy snapshot
   (:mod:`blockfilter.policy`), which is mapped and swapped whole.
2. *queries*: a packet arrives in :mod:`blockfilter.serve`, becomes a value in
   :mod:`blockfilter.message`, is decided by :mod:`blockfilter.policy` and answered by
   :mod:`blockfilter.resolve` from policy, cache or an upstream. A query that met a rule leaves a
   hit in :mod:`blockfilter.hits`, which names nobody and is gone after 27 hours. Once a day
   :mod:`blockfilter.counts` turns the hits into one event a device, adds it to sums that began as
   noise, and publishes a sum when its period is over.
3. *reports*: these counts stand next to what the employer did (:mod:`blockfilter.programme`), on the
   pages of :mod:`blockfilter.reports`. :mod:`blockfilter.simulation` lives through a made-up year, by
   the same parts, so that there is something to look at.

:mod:`blockfilter.daemon` puts the parts together; :mod:`blockfilter.cli` is what a person types.
"""

__version__ = "0.1.0"
