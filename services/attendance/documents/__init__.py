"""Attendance's papers: sheets, certificates, opinions on assiduity, statements; words.py has their French."""
