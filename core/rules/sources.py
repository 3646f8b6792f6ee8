"""Where each rule comes from: its id, what it is called, and the paragraph or document that says so.

"§" is a paragraph of the Commissioner's report of 15 November 2021 on the approach to commissioning and grants;
the 2011 Act is the Police Reform and Social Responsibility Act; "office" is what the office itself chooses. Figures are
not here: they are in the policy, each with its own source.
"""

from types import MappingProxyType
from typing import Final

__all__ = ["PARAGRAPHS", "TITLES", "paragraph"]

_RULES: Final = (
    ("V1", "What an award is", "§5.2, last line"),
    ("L1", "Crime and disorder reduction grants", "§4.5"),
    ("L2", "Victim services", "§4.6"),
    ("L3", "Bids that the Commissioner sponsors", "§4.3"),
    ("L4", "Objectives of the Police and Crime Plan", "§4.2, §4.3, §6.1"),
    ("L5", "Safeguarding, due diligence, subsidy", "office; Subsidy Control Act 2022"),
    ("F0", "What each fund is for", "§6.1"),
    ("F1", "Ministry of Justice grant", "§6.1"),
    ("F2", "Home Office bid funds", "§6.1"),
    ("F3", "Crime and Disorder Reduction Fund", "§6.1"),
    ("F4", "Casualty Reduction and Support Reserve", "§6.1"),
    ("F5", "Youth Fund and Community Fund", "§6.1"),
    ("F6", "Money left in the fund", "office"),
    ("F7", "Payment", "office"),
    ("P0", "In proportion to the size", "§5.1"),
    ("U1", "Evidence of need, no duplication", "§5.2 UNDERSTAND"),
    ("U2", "Outcomes to be achieved", "§5.2 UNDERSTAND"),
    ("U3", "Partnership and pooled budgets", "§5.2 UNDERSTAND"),
    ("U4", "Seamless pathways between services", "§5.2 UNDERSTAND"),
    ("U5", "Victim-focused services", "§5.2 UNDERSTAND"),
    ("U6", "Early intervention and prevention", "§5.2 UNDERSTAND"),
    ("N1", "Countywide, or a local need", "§5.2 PLAN"),
    ("N2", "Co-design and innovation", "§5.2 PLAN"),
    ("N3", "Measures with targets", "§5.2 PLAN"),
    ("N4", "New funding streams", "§5.2 PLAN"),
    ("D1", "Local suppliers and the third sector", "§5.2 DO"),
    ("T1", "Quotes and tenders", "§5.2 DO"),
    ("T2", "Several buys from one supplier", "office, after §5.2 DO"),
    ("T3", "Single tender agreement", "§5.2 DO"),
    ("T4", "Advertising", "§5.2 DO"),
    ("T5", "Market engagement", "§5.2 DO"),
    ("T6", "Independent member of the panel", "§5.2 DO"),
    ("T7", "Multi-year contracts", "§5.2 DO"),
    ("T8", "Statutory notices", "Procurement Act 2023"),
    ("R1", "Six-monthly monitoring return", "§5.2 REVIEW"),
    ("R2", "Monitoring meetings", "§5.2 REVIEW"),
    ("R3", "Views of service users and partners", "§5.2 REVIEW"),
    ("R4", "Provider Forums", "§5.2 REVIEW"),
    ("R5", "De-commissioning", "§5.2 REVIEW"),
    ("R6", "Annual look", "office, after the government's grant standards"),
    ("A1", "Who may approve", "§4.4; the office's scheme of governance"),
    ("A2", "Nobody decides their own recommendation", "2011 Act, section 18; office"),
    ("A3", "A decision is made once", "office"),
    ("A4", "What a decision keeps", "office"),
    ("A5", "What blocks and what advises", "office"),
    ("A6", "Offers expire", "office"),
    ("W1", "Details of all awards are published", "§6.1"),
    ("W2", "Specified information", "Elected Local Policing Bodies (Specified Information) Order 2011, as amended"),
    ("W3", "Open data", "office; 360Giving Data Standard 1.4"),
    ("W4", "Official record", "office"),
    ("W5", "The Police and Crime Panel reviews decisions", "§3.1"),
    ("W6", "The record outlives the office", "office"),
    ("D0", "Nudges", "office"),
)  # fmt: skip

PARAGRAPHS: Final = MappingProxyType({rule: source for rule, _, source in _RULES})
"""Rule id to the paragraph, statute or "office" that it rests on."""

TITLES: Final = MappingProxyType({rule: title for rule, title, _ in _RULES})
"""Rule id to what people call it."""


def paragraph(rule: str) -> str:
    """The paragraph of a rule; KeyError for an id that no rule has."""
    return PARAGRAPHS[rule]
