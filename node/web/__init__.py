"""The console: the node's pages for its own staff, rendered here, with no word from elsewhere.

site         puts the views together, and what every request passes: host, session, role, form
access       who may see what; a page that does not say is not shown to anybody
languages    English, French, Spanish, Arabic, Bulgarian
refusals     our errors as pages
words        what codes, kinds and states are called
plain_words  what a question asks of this node, sentence by sentence
chart        spending over time, as an SVG that the server draws

entrance     /sign-in, /sign-in/code, /welcome, /sign-out, /language     everybody
account      /account, its password and second factor                    whoever is signed in
overview     /, /doctor                                                  whoever is signed in
approvals    /approvals: questions that wait; approvers decide           all but the administrator
data         /data: the edition and imports                              officer
quality      /data/quality: the profile of the last import               officer
editions     /editions: erasing one, or a person; the last backup        officer, administrator
budget       /budget                                                     all but the officer
journal      /journal, its signed export                                 auditor
charter      /charter: keys to compare by phone, the charter to accept   administrator signs
policy       /policy                                                     administrator writes
people       /people                                                     administrator

A view reads the form, asks a desk, shows the answer. Pages work without scripts; htmx only saves
looking again.
"""
