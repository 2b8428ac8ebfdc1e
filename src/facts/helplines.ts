/**
 * The harmonised numbers of social value in Europe: missing children, victims of crime, help for children, doctors on call, and
 * emotional support. Source: Commission Decision 2007/116/EC with 2007/698/EC and 2009/884/EC; the other countries of the
 * CEPT reserve the same ones (ECC Report 187). Not every region has them all in use, but none gives them to anybody else.
 */
const SOCIAL_VALUE: readonly string[] = ['116000', '116006', '116111', '116117', '116123'];

const EUROPE =
  'AD AL AT AX BA BE BG CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE SI SJ SK SM UA VA XK';

/** The crisis line of America (FCC 20-100, in use since July 2022) and of Canada (CRTC 2022-234, since November 2023). */
const CRISIS_LINE: readonly string[] = ['988'];

/**
 * Helplines by region, in the form of EMERGENCY_NUMBERS: many people ring one number there at the same time, with long talks,
 * which is what pumping looks like, and to be cut off may cost a life.
 */
export const HELPLINES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(EUROPE.split(' ').map((region) => [region, SOCIAL_VALUE])),
  ...Object.fromEntries(['US', 'CA', 'AS', 'GU', 'MP', 'PR', 'VI'].map((region) => [region, CRISIS_LINE])),
};
