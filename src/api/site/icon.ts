/** Selkie's mark: a seal that looks out of the sea. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
<rect width="64" height="64" rx="15" fill="#0c4a52"/>
<path d="M15 64V33a17 17 0 0 1 34 0v31z" fill="#dfeceb"/>
<circle cx="25" cy="31" r="3.2" fill="#0a3238"/>
<circle cx="39" cy="31" r="3.2" fill="#0a3238"/>
<ellipse cx="32" cy="38.5" rx="4" ry="2.8" fill="#0a3238"/>
<path d="M0 48c8-5 13-5 21 0s14 5 22 0 13-5 21 0v1a15 15 0 0 1-15 15H15A15 15 0 0 1 0 49z" fill="#2a8f95"/>
</svg>
`;
