"""Witness programs: from named inputs to the whole assignment of wires, in a straight line.

A program is made once, with the constraints, and executed for every proof. It never branches and never loops, every
cell is written once, and everything in it refers backwards: it can be checked completely when it is loaded.
"""
