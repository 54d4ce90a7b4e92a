"""The curated list and its life: from a proposal with evidence to a policy that servers have in force.

A catalogue is a folder made for git. Each change is one journal line and the files that go with it;
a release is what two people and the gate have let pass; servers see a release and nothing before it.

What a catalogue is:

- :mod:`folder`: the folder: who may write, and changes that happen whole or not at all.
- :mod:`site`: dossiers, lists of other people's, exceptions: the values.
- :mod:`store`: the folder of TOML files, read; :mod:`reader`: TOML, strictly; :mod:`entries`: an
  entry's keys; :mod:`listable`: which names a list may hold; :mod:`suffixes`: the public suffixes.
- :mod:`edit`: values change and comments stay; :mod:`blocks`: by which pieces of text.

Who changes it, and what is known of that:

- :mod:`workflow`: the moves of an entry, and the second person.
- :mod:`change`: one act in the making; :mod:`keeper`: all acts, of which :mod:`bringing` has lists,
  :mod:`opening` exceptions and :mod:`trusting` maintainers.
- :mod:`identity`: who acts, with which key; :mod:`roster`: their file; :mod:`keyholders`: who may
  give a key to whom.
- :mod:`changelog`: the journal; :mod:`replay`: lived through again, :mod:`step` by step.
- :mod:`verify`: a whole catalogue held against it; :mod:`released`, :mod:`contents`: its releases.

What comes from outside:

- :mod:`formats`: lists as they are published, text to rules and back.
- :mod:`imported`: a list on its way in; :mod:`rows`: dossiers as CSV; :mod:`mentions`: what imported
  lists say of a name.
- :mod:`refresh`: subscriptions; :mod:`renewal`: one of them; :mod:`arrival`: its copy;
  :mod:`record`: what is remembered of it.
- :mod:`source`: one fetch; :mod:`body`: what it brings; :mod:`network`: how far it may reach.

What is wrong or risky:

- :mod:`rulebook`: the table of checks; :mod:`finding`: what one found.
- :mod:`lint`: entries; :mod:`harm`: what a rule would do; :mod:`reference`: to which names;
  :mod:`lookalike`: names that look alike; :mod:`licence`: terms.

From entries to what is in force:

- :mod:`release`: the way in; :mod:`making`: one release; :mod:`rollback`: and back.
- :mod:`candidate`: what it would put in force; :mod:`gate`: whether it may; :mod:`delta`: how much
  that changes; :mod:`selftest`: whether the compiled policy says the same; :mod:`changes`: what is
  different, in words.
- :mod:`manifest`: what a release says; :mod:`standing`: what has been softened since.
- :mod:`exported`: a release written for others.

Into a policy:

- :mod:`inputs`: what it is made from; :mod:`layering`: the lists that catalogues bring.
- :mod:`snapshots`: the snapshot that fits them, found on the :mod:`shelf` or compiled;
  :mod:`compiler`: in a child process, which takes its heap with it; :mod:`softening`: a dispute or
  an exception, made into the snapshot before it.
- :mod:`trace`: every rule that speaks of a name, and which release brought it.

The life of a site:

- :mod:`alive`: a slow look at each listed name, through an exchange that is passed in.
- :mod:`life`: when what is seen is worth a person's time; :mod:`looks`: what is remembered of it.
- :mod:`successor`: where a name leads to by now, proposed by the system.
- :mod:`review`: what waits for a person, whatever it is, with the command to run.

:mod:`progress` is how long work tells how far it is. `snapshots` decides by digests alone whether
anything is to be done, so a start with unchanged lists reads no list.
"""
