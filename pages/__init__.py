"""What all sites of pages share: a node's console, and the workbench of a coordinator.

    site         puts a site together: what every request passes, every answer carries
    static_files styles and scripts, packed
    access       who may see which page; sessions and forged forms
    languages    which language a browser gets, and how numbers, dates and countries are written
    words        roles and refusals in every language
    refusals     one translation of our errors for every page
    entrance     signing in and out; the language
    account      one's own password, second factor, recovery codes
    people       accounts and roles, for administrators

A site adds its own views and templates (`corridor.node.web`).
"""
