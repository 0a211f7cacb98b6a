"""How much of a telephone number is seen: the rule is ``ivr.masking``, the same for pages, API and exports."""

from ivr.masking import HIDDEN as HIDDEN
from ivr.masking import mask as mask
